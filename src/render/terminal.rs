//! The answer for a terminal.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle};

use super::recommend::Recommended;
use super::report::Report;

/// The report as text. `width` is that of the terminal, if there is one.
pub fn terminal(report: &Report, width: Option<u16>) -> String {
    let mut out = format!("{}\n", report.title);
    if let Some(question) = &report.question {
        out += &format!("{question}\n");
    }
    out += &format!("\n{}\n\n", main_table(report, width));
    for sentence in &report.answer {
        out += &format!("{sentence}\n");
    }
    if let Some(section) = &report.recommended {
        out += &recommendation(section, width);
    }
    if let Some(calibrated) = &report.calibrated {
        out += &format!("\nCalibrated: {calibrated}\n");
    }
    for expectation in &report.expectations {
        out += &format!("{} {}\n", if expectation.holds { "holds:  " } else { "BROKEN: " }, expectation.text);
    }
    for warning in &report.warnings {
        out += &format!("note: {warning}\n");
    }
    out += &format!("\n{}\n", report.provenance);
    out
}

fn main_table(report: &Report, width: Option<u16>) -> Table {
    let mut table = plain_table(width);
    let budget = report.budget_event.clone().unwrap_or_else(|| "no budget".to_owned());
    let head = [
        format!("spend, {}", report.horizon),
        "P50".to_owned(),
        "P90".to_owned(),
        "P99".to_owned(),
        budget,
        "premium".to_owned(),
        "crossing requests".to_owned(),
        "$/M input".to_owned(),
        "$/M output".to_owned(),
    ];
    table.set_header(head);
    for route in &report.routes {
        table.add_row([
            &route.label,
            &route.p50,
            &route.p90,
            &route.p99,
            &route.over_budget,
            &route.premium,
            &route.crossing_requests,
            &route.effective_input,
            &route.effective_output,
        ]);
    }
    align_numbers(&mut table);
    table
}

/// Which route to sign: the answer, who meets what, why not, and what each requirement costs.
fn recommendation(section: &Recommended, width: Option<u16>) -> String {
    let mut out = format!("\nWhich route to sign\n{}\n", section.sentences.join("\n"));
    let mut table = plain_table(width);
    let head = ["route, cheapest first", "P50", "P90"].map(str::to_owned).into_iter();
    table.set_header(head.chain(section.requirements.iter().cloned()).chain(["whole job".to_owned()]));
    for route in &section.routes {
        let label = format!("{} {}", if route.admissible { "\u{2713}" } else { " " }, route.label);
        let row = [&label, &route.p50, &route.p90].map(String::as_str).into_iter();
        table.add_row(row.chain(route.cells.iter().copied()).chain([route.serves.as_str()]));
    }
    align_numbers(&mut table);
    out += &format!("\n{table}\n");
    out += &format!("\n{}\n", costs(section, width));
    for reason in &section.reasons {
        let source = if reason.source.is_empty() { String::new() } else { format!(" ({})", reason.source) };
        let labels = reason.labels.join("; ");
        out += &format!("{}, {}: {labels}: {}{source}\n", reason.requirement, reason.outcome, reason.why);
    }
    out
}

fn costs(section: &Recommended, width: Option<u16>) -> Table {
    let mut table = plain_table(width);
    table.set_header(["requirement", "costs, P50", "P10 to P90", "alone", "to sign without it", "its P50"]);
    for cost in &section.costs {
        table.add_row([
            &cost.requirement,
            &cost.p50,
            &cost.range,
            &cost.alone,
            &cost.without,
            &cost.without_p50,
        ]);
    }
    align_right(&mut table, &[false, true, true, true, false, true]);
    table
}

/// A table with rules above, under its head and below, and no frame.
pub fn plain_table(width: Option<u16>) -> Table {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    let style = TableStyle::new().top_border(rule).header_separator(rule).bottom_border(rule);
    table.load_style(style).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width.unwrap_or(160).max(60));
    table
}

/// Keeps the first column whole: names are of no use in pieces.
pub fn keep_names(table: &mut Table) {
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
}

/// Right-aligns the columns that are marked.
pub fn align_right(table: &mut Table, marked: &[bool]) {
    for (column, right) in table.column_iter_mut().zip(marked) {
        if *right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// Right-aligns all columns but the first.
pub fn align_numbers(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}
