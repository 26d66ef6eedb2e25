//! The report of an import.

use serde::Serialize;

use crate::catalogue::import::{Imported, RemarkKind};
use crate::domain::format::thousands;
use crate::render::sheet::Sheet;

/// The report of an import.
#[derive(Clone, Debug, Serialize)]
pub struct ImportSummary {
    database: &'static str,
    price_files: Vec<String>,
    models: usize,
    entries: usize,
    remarks: Vec<ShownRemark>,
    imported: Vec<ShownOrigin>,
}

#[derive(Clone, Debug, Serialize)]
struct ShownRemark {
    kind: &'static str,
    text: String,
    count: usize,
    keys: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
struct ShownOrigin {
    key: String,
    route: String,
}

/// What an import came to.
pub fn import_summary(database: &'static str, imported: &Imported) -> ImportSummary {
    let models = imported.providers.iter().map(|provider| provider.models.len()).sum();
    let entries = imported.providers.iter().flat_map(|p| &p.models).map(|model| model.prices.len()).sum();
    ImportSummary {
        database,
        price_files: imported.providers.iter().map(|provider| format!("{}.yaml", provider.id)).collect(),
        models,
        entries,
        remarks: imported
            .report
            .sorted()
            .into_iter()
            .map(|group| ShownRemark {
                kind: group.kind.name(),
                text: group.text.clone(),
                count: group.keys.len(),
                keys: group.keys.clone(),
            })
            .collect(),
        imported: imported
            .report
            .imported
            .iter()
            .map(|(key, route)| ShownOrigin { key: key.clone(), route: route.clone() })
            .collect(),
    }
}

/// The report of an import as a sheet; every key is named only where `all`.
pub fn import_sheet(summary: &ImportSummary, all: bool) -> Sheet {
    let title = format!(
        "{}: {} models with {} dated entries in {} price files",
        summary.database,
        thousands(summary.models as u64),
        thousands(summary.entries as u64),
        summary.price_files.len()
    );
    let mut sheet = Sheet::new(title, &["what", "entries", "remark", "which"]);
    for remark in &summary.remarks {
        let shown = if all { remark.keys.len() } else { remark.keys.len().min(2) };
        let more = remark.keys.len() - shown;
        let mut which = remark.keys[..shown].join(", ");
        if more > 0 {
            which += &format!(" and {} more", thousands(more as u64));
        }
        sheet.rows.push(vec![
            remark.kind.to_owned(),
            thousands(remark.count as u64),
            remark.text.clone(),
            which,
        ]);
    }
    if summary.remarks.iter().any(|remark| remark.kind == RemarkKind::Doubtful.name()) {
        sheet.notes.push(
            "Doubtful prices are what the database's own code computes where it lists none; --unlisted unknown leaves them out.".to_owned(),
        );
    }
    sheet
}
