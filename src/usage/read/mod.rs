//! Readers of usage logs: text in whatever form a vendor writes it, to [`Record`]s.
//!
//! Streaming: a log may be larger than memory. Columns and fields are matched by name. A row that cannot be
//! used is counted with its reason and set aside; used and set-aside rows add up to the rows read.
