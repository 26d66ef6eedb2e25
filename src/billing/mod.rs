//! From usage to money, exactly: one request, or a month's token sums, to an itemised bill.
//!
//! Pure functions over integers. The engine, the audit and every invoice in the tests price with these
//! and nothing else.

mod capacity;
mod contract;
mod meter;
mod month;
mod quote;
mod request;

pub use capacity::{
    Load, Sizing, beyond_reservation, commitment_price, pay_as_you_go, reserved_unit, size, sold_size,
};
pub use contract::{Billed, Settled, settle};
pub use meter::{MeterBill, Scope, bill_meter};
pub use month::{BandSums, MonthBill, bill_band, fees_of};
pub use quote::{Order, Quote, QuoteError, meter_name, quote};
pub use request::{Bill, BillError, Item, Usage, bill_request, price_request, price_together};
