//! A plain table with a title and notes, and its forms: terminal, Markdown, CSV.

use super::csv::guarded;
use super::terminal::{align_right, keep_names, plain_table};

/// A table of texts.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// What it shows, in a line or more.
    pub title: String,
    /// The heads of its columns.
    pub head: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
    /// What a reader should know beside it.
    pub notes: Vec<String>,
}

impl Sheet {
    /// A sheet with these columns.
    pub fn new(title: impl Into<String>, head: &[&str]) -> Self {
        let head = head.iter().map(|name| (*name).to_owned()).collect();
        Sheet { title: title.into(), head, rows: Vec::new(), notes: Vec::new() }
    }

    /// Whether each column holds numbers: every cell that is not empty begins like one.
    fn number_columns(&self) -> Vec<bool> {
        let begins = |cell: &String| {
            cell.is_empty() || cell.starts_with(|c: char| c.is_ascii_digit() || "+-$−".contains(c))
        };
        let holds = |at: usize| {
            let mut cells = self.rows.iter().filter_map(|row| row.get(at));
            cells.clone().all(begins) && cells.any(|cell| !cell.is_empty())
        };
        (0..self.head.len()).map(holds).collect()
    }

    /// The sheet as text. `width` is that of the terminal, if there is one.
    pub fn terminal(&self, width: Option<u16>) -> String {
        let mut out = format!("{}\n", self.title);
        if !self.rows.is_empty() {
            let mut table = plain_table(width);
            table.set_header(&self.head);
            self.rows.iter().for_each(|row| {
                table.add_row(row);
            });
            align_right(&mut table, &self.number_columns());
            keep_names(&mut table);
            out += &format!("\n{table}\n");
        }
        for note in &self.notes {
            out += &format!("{note}\n");
        }
        out
    }

    /// The sheet as Markdown.
    pub fn markdown(&self) -> String {
        let plain = |text: &str| text.replace('<', "\\<");
        let cell = |text: &String| plain(text).replace('|', "\\|").replace('\n', " ");
        let line =
            |cells: &[String]| format!("| {} |\n", cells.iter().map(cell).collect::<Vec<_>>().join(" | "));
        let mut out = format!("### {}\n\n", plain(&self.title).replace('\n', "\n\n"));
        if !self.rows.is_empty() {
            out += &line(&self.head);
            let rules = self.number_columns().into_iter().map(|number| if number { "---:|" } else { "---|" });
            out += &format!("|{}\n", rules.collect::<String>());
            self.rows.iter().for_each(|row| out += &line(row));
        }
        for note in &self.notes {
            out += &format!("\n{}\n", plain(note));
        }
        out
    }

    /// The rows as CSV.
    ///
    /// # Errors
    /// Never in practice: everything is written to memory.
    pub fn csv(&self) -> anyhow::Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.head)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(|cell| guarded(cell)))?;
        }
        Ok(String::from_utf8(writer.into_inner()?)?)
    }
}
