//! How a command ends: its exit code and what is said of a failure.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use super::problems::render;
use crate::domain::problem::{Code, Problem, Problems};

/// Exit codes of commands that came to an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// 0: answered.
    Answered,
    /// 3: answered, and the answer breaks a stated budget or expectation.
    Broken,
}

/// Why there is no answer.
pub enum Failure {
    /// 2: the input is wrong.
    Input(Problems),
    /// 1: something could not be read, written or computed.
    Other(anyhow::Error),
}

impl Failure {
    /// Bad usage that no file shows: a sentence and what to do.
    pub fn usage(title: &str, help: &str) -> Self {
        Self::problem(Code::Conflict, title, help)
    }

    /// A problem that no file shows, of any kind.
    pub fn problem(code: Code, title: &str, help: &str) -> Self {
        let mut problems = Problems::new();
        problems.push(Problem {
            code,
            place: None,
            title: title.to_owned(),
            found: String::new(),
            help: Some(help.to_owned()).filter(|help| !help.is_empty()),
        });
        Failure::Input(problems)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Failure::Input(problems)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Other(error)
    }
}

/// Writes to standard output. That its reader went away is no error, and changes no verdict.
pub fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// Writes to standard output what need not be text, as [`print`] does.
pub fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => {
            Err(Failure::Other(anyhow::Error::new(error).context("cannot write to standard output")))
        }
    }
}

/// Says a line on standard error; that nobody reads it is no error.
pub fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Says what went wrong, if anything did, and gives the exit code.
pub fn report(result: Result<Exit, Failure>) -> ExitCode {
    match result {
        Ok(Exit::Answered) => ExitCode::SUCCESS,
        Ok(Exit::Broken) => ExitCode::from(3),
        Err(Failure::Input(problems)) => {
            say(&render(problems));
            ExitCode::from(2)
        }
        Err(Failure::Other(error)) => {
            say(&format!("error: {error:#}"));
            ExitCode::from(1)
        }
    }
}
