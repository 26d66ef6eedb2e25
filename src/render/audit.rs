//! An audit as a table.

use super::sheet::Sheet;
use crate::analysis::{Audit, AuditRow};
use crate::domain::format::{thousands, usd_short};

/// The audit of a scenario by `trials` trials.
pub fn audit_sheet(scenario: &str, trials: u32, audit: &Audit) -> Sheet {
    let head = ["route", "amount", "over", "figure", "fast", "exact", "difference", "expected", "in errors"];
    let title = format!(
        "{scenario}: moments against drawing every request, {} trials with the same assumptions and counts",
        thousands(u64::from(trials))
    );
    let mut sheet = Sheet::new(title, &head);
    sheet.rows.extend(audit.rows.iter().map(cells));
    let beyond = audit.rows.iter().filter(|row| !row.holds()).count();
    sheet.notes.push(if beyond == 0 {
        "No difference is larger than chance explains (5 of its standard errors).".to_owned()
    } else {
        format!("{beyond} differences are larger than chance explains (5 of their standard errors).")
    });
    sheet.notes.push(
        "Figures of the trials as drawn. Expected is the standard error of the difference: for quantiles by a sign test on the trials that only one way puts below them."
            .to_owned(),
    );
    sheet
}

fn cells(row: &AuditRow) -> Vec<String> {
    let relative = |usd: f64| {
        let percent = 100.0 * usd / row.exact_usd;
        match row.exact_usd {
            0.0 => usd_short(usd),
            _ if percent.abs() < 0.0005 => "0 %".to_owned(),
            _ => format!("{percent:.3} %"),
        }
    };
    vec![
        row.route.clone(),
        row.amount.to_owned(),
        row.over.clone(),
        row.figure.to_owned(),
        usd_short(row.fast_usd),
        usd_short(row.exact_usd),
        relative(row.fast_usd - row.exact_usd),
        row.expected_error_usd.map(relative).unwrap_or_default(),
        row.standard_errors.map(|ratio| format!("{ratio:.1}")).unwrap_or_default(),
    ]
}
