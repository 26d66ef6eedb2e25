//! `months.csv`: one row per route and month, unrounded.

use super::report::Report;
use crate::analysis::{Figure, Summary};

/// The months of all routes of all reports as CSV.
///
/// # Errors
/// Never in practice: everything is written to memory.
pub fn months_csv(reports: &[&Report]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head: Vec<String> = ["scenario", "route", "month", "requests_mean"].map(str::to_owned).to_vec();
    for quantity in ["spend_usd", "premium_usd"] {
        head.extend(figure_heads(quantity));
    }
    head.push("over_budget_probability".to_owned());
    writer.write_record(&head)?;
    let routes =
        reports.iter().flat_map(|report| report.analysis.routes.iter().map(move |route| (report, route)));
    for (report, route) in routes {
        for month in &route.months {
            let mut row = vec![
                guarded(&report.title),
                guarded(&route.label),
                month.month.to_string(),
                month.requests_mean.to_string(),
            ];
            for summary in [&month.spend, &month.premium] {
                row.extend(figure_values(summary));
            }
            row.push(month.over_budget_probability.map(|p| p.to_string()).unwrap_or_default());
            writer.write_record(&row)?;
        }
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// The heads of a quantity's figures: `spend_usd_mean`, …
pub fn figure_heads(quantity: &str) -> impl Iterator<Item = String> + '_ {
    Figure::ALL.iter().map(move |figure| format!("{quantity}_{}", figure.name()))
}

/// A quantity's figures, unrounded.
pub fn figure_values(summary: &Summary) -> impl Iterator<Item = String> + '_ {
    Figure::ALL.iter().map(|figure| figure.of(summary).to_string())
}

/// A text that no spreadsheet takes for a formula (CWE-1236).
pub fn guarded(text: &str) -> String {
    let risky = text.parse::<f64>().is_err()
        && text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if risky { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn labels_that_look_like_formulas_are_guarded() {
        assert_eq!(guarded("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(guarded("openai/gpt-5.4"), "openai/gpt-5.4");
        assert_eq!(guarded("-0.05"), "-0.05", "a number is no formula");
    }
}
