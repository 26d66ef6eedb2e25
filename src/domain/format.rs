//! Numbers for people. All rounding for display happens here and nowhere else.

/// Three significant digits and a unit: `$1.2M`, `$800k`, `$0.02`. Not for machines.
pub fn usd_short(value: f64) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    // A token costs more than a billionth of a dollar: what is less is what floats leave of nothing.
    let value = if value.abs() < 1e-9 { 0.0 } else { value };
    let sign = if value < 0.0 { "\u{2212}" } else { "" };
    let magnitude = value.abs();
    let steps = [(1e9, "B"), (1e6, "M"), (1e3, "k")];
    // 999.6 rounds to 1,000 at three digits, so the unit is chosen after that rounding.
    let (unit, suffix) = steps.into_iter().find(|(unit, _)| magnitude >= unit * 0.9995).unwrap_or((1.0, ""));
    format!("{sign}${}{suffix}", significant(magnitude / unit, 3))
}

/// An amount with its sign, for changes: `+$1.2k`, `−$800`.
pub fn usd_change(value: f64) -> String {
    if value >= 1e-9 { format!("+{}", usd_short(value)) } else { usd_short(value) }
}

/// Money in full, with cents where there are some: `$1,104`, `$1,103.83`. Not for machines.
pub fn usd_full(value: f64) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    let cents = (value.abs() * 100.0).round() as u64;
    let sign = if value < 0.0 && cents > 0 { "\u{2212}" } else { "" };
    let dollars = thousands(cents / 100);
    match cents % 100 {
        0 => format!("{sign}${dollars}"),
        rest => format!("{sign}${dollars}.{rest:02}"),
    }
}

/// A price per million tokens: three significant digits, at least two decimals: `$0.883`.
pub fn usd_rate(value: f64) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    let decimals = if value.abs() < 0.0995 {
        4
    } else if value.abs() < 0.9995 {
        3
    } else {
        2
    };
    format!("${value:.decimals$}")
}

/// A share in percent with as many decimals as it can use: `76 %`, `0.80 %`, `< 0.01 %`.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return "n/a".to_owned();
    }
    let value = share * 100.0;
    let magnitude = value.abs();
    if magnitude == 0.0 {
        "0 %".to_owned()
    } else if magnitude < 0.01 {
        if value < 0.0 { "> \u{2212}0.01 %".to_owned() } else { "< 0.01 %".to_owned() }
    } else if magnitude < 9.95 {
        minus(&format!("{value:.2} %"))
    } else {
        minus(&format!("{value:.1} %"))
    }
}

/// A probability in whole percent that never claims certainty it has not: `< 1 %`, `63 %`, `> 99 %`.
pub fn probability(p: f64) -> String {
    if !p.is_finite() {
        return "n/a".to_owned();
    }
    if p == 0.0 {
        "0 %".to_owned()
    } else if p >= 1.0 {
        "100 %".to_owned()
    } else if p < 0.005 {
        "< 1 %".to_owned()
    } else if p > 0.995 {
        "> 99 %".to_owned()
    } else {
        format!("{:.0} %", p * 100.0)
    }
}

/// A count with a unit: `1.05M`, `272k`, `640`.
pub fn count_short(value: f64) -> String {
    usd_short(value).replace('$', "")
}

/// A whole number with commas: `1,050,000`.
pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `value` with `digits` significant digits, trailing zeros after the point trimmed.
pub fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let order = libm::floor(libm::log10(value)) as i32;
    let decimals = (digits - 1 - order).clamp(0, 12) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The text with a true minus sign.
fn minus(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_short() {
        let shown = [0.0, 0.02, 12.0, 999.96, 1200.0, 800_000.0, 1_234_567.0, -4.5e9];
        let text = shown.map(usd_short);
        let wanted = ["$0", "$0.02", "$12", "$1k", "$1.2k", "$800k", "$1.23M", "\u{2212}$4.5B"];
        assert_eq!(text, wanted);
    }

    #[test]
    fn money_in_full_keeps_its_cents() {
        let text = [1_104.0, 1_103.826, 999.996, -0.05, -0.001].map(usd_full);
        assert_eq!(text, ["$1,104", "$1,103.83", "$1,000", "\u{2212}$0.05", "$0"]);
    }

    #[test]
    fn probabilities_do_not_claim_certainty() {
        let text = [0.0, 0.001, 0.5, 0.9999, 1.0].map(probability);
        assert_eq!(text, ["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]);
    }

    #[test]
    fn shares_keep_two_digits() {
        assert_eq!([0.008, 0.121, 0.00001, 1.0].map(percent), ["0.80 %", "12.1 %", "< 0.01 %", "100.0 %"]);
        assert_eq!(thousands(1_050_000), "1,050,000");
    }
}
