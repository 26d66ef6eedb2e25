//! `tollcast explain`: what a problem's code means.

use clap::Args;

use super::outcome::{Exit, Failure, print};
use crate::domain::problem::{CODES, Code, Problem, Problems};

/// Arguments of `explain`.
#[derive(Args)]
pub struct Arguments {
    /// The code, such as E12; all codes if absent
    code: Option<String>,
}

/// Prints one explanation, or all.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let wanted = arguments.code.as_ref().map(|code| code.to_uppercase());
    let known = CODES.iter().filter(|(_, number, _)| wanted.as_ref().is_none_or(|code| code == number));
    let texts: Vec<String> = known.map(|(_, number, text)| format!("{number}: {text}\n")).collect();
    if texts.is_empty() {
        let numbers: Vec<&str> = CODES.iter().map(|(_, number, _)| *number).collect();
        let mut problems = Problems::new();
        problems.push(Problem {
            code: Code::UnknownName,
            place: None,
            title: "no such code".to_owned(),
            found: String::new(),
            help: Some(format!("what exists: {}", numbers.join(", "))),
        });
        return Err(problems.into());
    }
    print(&texts.join("\n"))?;
    Ok(Exit::Answered)
}
