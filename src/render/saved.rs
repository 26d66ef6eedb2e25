//! A result that was saved before, and what has changed since: figures against figures, for nothing else of its
//! trials was kept.

use serde_json::Value as Json;

use super::report::Manifest;
use super::sheet::Sheet;
use crate::analysis::{Analysis, Summary};
use crate::domain::format::{percent, usd_short};

/// The spend of a saved `result.json`.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The name of its scenario.
    pub scenario: String,
    /// Its months, `2027-01`, in order.
    pub months: Vec<String>,
    /// Its seed and number of trials.
    pub numbers: (u64, u64),
    /// Spend over the horizon of every route, by its label, USD.
    pub routes: Vec<(String, Summary)>,
}

impl Saved {
    /// Reads a `result.json`.
    ///
    /// # Errors
    /// What is not as it should be.
    pub fn read(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
        // Several results in one file are a list.
        let result = match &json {
            Json::Array(all) if all.len() == 1 => &all[0],
            Json::Array(_) => return Err("it holds several results; one is wanted".to_owned()),
            one => one,
        };
        if result["schema_version"] != 1 {
            return Err(format!("`schema_version` is {}, not 1", result["schema_version"]));
        }
        let routes = result["routes"].as_array().ok_or("`routes` is missing")?;
        let first = routes.first().ok_or("`routes` is empty")?;
        let months = first["months"].as_array().ok_or("`months` is missing")?;
        let month = |month: &Json| month["month"].as_str().map(str::to_owned);
        let number =
            |key: &str| result["manifest"][key].as_u64().ok_or(format!("`manifest.{key}` is missing"));
        Ok(Saved {
            scenario: result["scenario"].as_str().unwrap_or("the saved result").to_owned(),
            months: months.iter().map(month).collect::<Option<_>>().ok_or("a month has no name")?,
            numbers: (number("seed")?, number("trials")?),
            routes: routes.iter().map(saved_route).collect::<Result<_, _>>()?,
        })
    }
}

fn saved_route(route: &Json) -> Result<(String, Summary), String> {
    let label = route["id"].as_str().ok_or("a route has no `id`")?;
    let summary = Summary::from_figures(&|name, error| {
        let spend = &route["total"]["spend_usd"];
        if error { spend["standard_error"][name].as_f64() } else { spend[name].as_f64() }
    });
    let summary = summary.ok_or(format!("`total.spend_usd` of {label} is not complete"))?;
    Ok((label.to_owned(), summary))
}

/// A saved result beside a new one.
#[derive(Clone, Debug)]
pub struct Since {
    /// The saved one.
    pub saved: Saved,
    /// Routes of both: label, spend then, spend now, USD.
    pub routes: Vec<(String, Summary, Summary)>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// A saved result beside the answers of a scenario.
///
/// # Errors
/// Other months, or no route that both have.
pub fn since(saved: Saved, answers: &Analysis, manifest: &Manifest) -> Result<Since, String> {
    let now: Vec<String> = answers
        .routes
        .first()
        .map_or(Vec::new(), |route| route.months.iter().map(|month| month.month.to_string()).collect());
    if saved.months != now {
        return Err(format!("it covers {}, the scenario {}", span(&saved.months), span(&now)));
    }
    let find = |label: &String| answers.routes.iter().find(|route| route.label == *label);
    let both = |(label, then): &(String, Summary)| {
        find(label).map(|r| (label.clone(), then.clone(), r.spend.clone()))
    };
    let routes: Vec<(String, Summary, Summary)> = saved.routes.iter().filter_map(both).collect();
    if routes.is_empty() {
        return Err("it has no route of the scenario".to_owned());
    }
    let gone = saved.routes.iter().filter(|(label, _)| find(label).is_none()).map(|(label, _)| label);
    let new = answers.routes.iter().filter(|r| saved.routes.iter().all(|(label, _)| *label != r.label));
    let mut notes: Vec<String> = gone.map(|label| format!("{label} is in the saved result only.")).collect();
    notes.extend(new.map(|route| format!("{} is new.", route.label)));
    notes.push(if saved.numbers == (manifest.seed, u64::from(manifest.trials)) {
        "Both have the same seed and number of trials.".to_owned()
    } else {
        "The saved result has another seed or number of trials: changes within the errors mean nothing."
            .to_owned()
    });
    Ok(Since { saved, routes, notes })
}

fn span(months: &[String]) -> String {
    match (months.first(), months.last()) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "no months".to_owned(),
    }
}

/// What has changed since, as a table.
pub fn since_sheet(since: &Since) -> Sheet {
    let title = format!("Since the saved result of \u{201C}{}\u{201D}", since.saved.scenario);
    let head = ["route", "P50 then", "P50 now", "change", "P90 then", "P90 now", "change"];
    let mut sheet = Sheet::new(title, &head);
    for (label, then, now) in &since.routes {
        let mut row = vec![label.clone()];
        for (was, is) in [(then.p50, now.p50), (then.p90, now.p90)] {
            row.extend([usd_short(was), usd_short(is), relative(was, is)]);
        }
        sheet.rows.push(row);
    }
    sheet.notes.clone_from(&since.notes);
    sheet
}

/// A relative change with its sign; a dash where there was nothing.
pub fn relative(was: f64, is: f64) -> String {
    if was <= 0.0 {
        return if is == was { percent(0.0) } else { "\u{2013}".to_owned() };
    }
    let change = is / was - 1.0;
    let sign = if change > 0.0 { "+" } else { "\u{2212}" };
    if change.abs() < 5e-7 { percent(0.0) } else { format!("{sign}{}", percent(change.abs())) }
}
