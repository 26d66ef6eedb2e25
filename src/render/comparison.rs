//! What-ifs side by side: the model of a comparison and its renderings as text, Markdown, JSON and CSV.

use super::csv::{figure_heads, figure_values, guarded};
use super::figures::cheaper_note;
use super::report::Manifest;
use super::saved::{Since, relative, since_sheet};
use super::sheet::Sheet;
use super::words::UNREACHED;
use crate::analysis::{Analysis, ChangeRule, PairedRoute, Pairing, Summary, refuses_more};
use crate::domain::format::{percent, probability, usd_change, usd_short};

/// Scenarios on the same random numbers, each against the first.
#[derive(Clone, Debug)]
pub struct ComparisonReport {
    /// The cases, the base first.
    pub cases: Vec<CaseRow>,
    /// `12 months from Jan 2027`.
    pub horizon: String,
    /// What each can be reproduced from.
    pub manifests: Vec<Manifest>,
    /// In one line.
    pub provenance: String,
    /// The base against each other case, in order.
    pub pairings: Vec<Pairing>,
    /// For the chart: every route and what it costs in each case.
    pub routes: Vec<ComparedRoute>,
    /// A saved result beside the base.
    pub since: Option<Since>,
}

/// A case: its name, and which route is the cheapest in it.
#[derive(Clone, Debug)]
pub struct CaseRow {
    /// Its name.
    pub name: String,
    /// The route with the lowest median, of those that serve the whole job and meet what the case requires. `None`
    /// where none does.
    pub cheapest: Option<CheapestRoute>,
    /// Whether the case requires anything of its routes.
    pub requires: bool,
}

/// The cheapest route of a case.
#[derive(Clone, Debug)]
pub struct CheapestRoute {
    /// Its label.
    pub label: String,
    /// What it costs over the horizon, USD.
    pub spend: Summary,
    /// Its chance to break the budget.
    pub over_budget: Option<f64>,
}

impl CaseRow {
    /// The row of a case with its answers.
    pub fn new(name: &str, analysis: &Analysis) -> Self {
        let recommendation = &analysis.recommendation;
        let best = recommendation.cheapest.p50.map(|at| &analysis.routes[at]);
        CaseRow {
            name: name.to_owned(),
            cheapest: best.map(|best| CheapestRoute {
                label: best.label.clone(),
                spend: best.spend.clone(),
                over_budget: best.over_budget_probability,
            }),
            requires: !recommendation.dropped.is_empty(),
        }
    }
}

/// A route in all cases.
#[derive(Clone, Debug)]
pub struct ComparedRoute {
    /// Its label.
    pub label: String,
    /// Spend over the horizon in each case that has the route.
    pub spends: Vec<Option<Summary>>,
    /// A remark for the chart.
    pub note: String,
}

impl ComparisonReport {
    /// The report of pairings of the first case with each other one.
    pub fn new(
        cases: Vec<CaseRow>,
        horizon: String,
        manifests: Vec<Manifest>,
        pairings: Vec<Pairing>,
    ) -> Self {
        let provenance = match manifests.first() {
            Some(first) if cases.len() > 1 => {
                format!("{} · {} cases on the same random numbers", first.provenance(), cases.len())
            }
            Some(first) => first.provenance(),
            None => String::new(),
        };
        let routes = compared_routes(&cases, &pairings);
        ComparisonReport { cases, horizon, manifests, provenance, pairings, routes, since: None }
    }

    /// The same beside a saved result.
    pub fn beside(self, since: Option<Since>) -> Self {
        ComparisonReport { since, ..self }
    }

    /// What a rule says is broken, in a sentence for each route: since the saved result, if there is one, and in each
    /// case against the base.
    pub fn broken(&self, rule: &ChangeRule) -> Vec<String> {
        let line = |route: &str, case: &str, (was, is): (f64, f64)| {
            let change = relative(was, is);
            format!("broken: {rule} on {route}{case}: {} was {}, {change}", usd_short(is), usd_short(was))
        };
        let since = self
            .since
            .iter()
            .flat_map(|since| &since.routes)
            .filter_map(|(label, then, now)| rule.broken(then, now).map(|found| line(label, "", found)));
        let pairs = self.pairs().filter_map(|(case, route)| {
            let case = format!(" in \u{201C}{case}\u{201D}");
            rule.broken(&route.a, &route.b).map(|found| line(&route.label, &case, found))
        });
        since.chain(pairs).collect()
    }

    /// Each paired route with the name of its case.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &PairedRoute)> {
        let others = self.cases.iter().skip(1).map(|case| case.name.as_str());
        self.pairings
            .iter()
            .zip(others)
            .flat_map(|(pairing, case)| pairing.routes.iter().map(move |route| (case, route)))
    }

    /// The pair of each case that tells most of it: of the first route of the file that it changes anything on, or
    /// else of the first.
    pub fn leading(&self) -> Vec<(&str, &PairedRoute)> {
        let others = self.cases.iter().skip(1).map(|case| case.name.as_str());
        let changed = |route: &&PairedRoute| route.difference.p10 != 0.0 || route.difference.p90 != 0.0;
        let pairs = self.pairings.iter().zip(others).filter_map(|(pairing, case)| {
            let route = pairing.routes.iter().find(changed).or(pairing.routes.first());
            route.map(|route| (case, route))
        });
        pairs.collect()
    }

    /// Routes that are in only one of the scenarios, by label.
    pub fn unpaired(&self) -> Vec<String> {
        let mut labels: Vec<String> = self.pairings.iter().flat_map(|p| p.unpaired.clone()).collect();
        labels.sort();
        labels.dedup();
        labels
    }
}

fn compared_routes(cases: &[CaseRow], pairings: &[Pairing]) -> Vec<ComparedRoute> {
    let mut routes: Vec<ComparedRoute> = Vec::new();
    for (index, pairing) in pairings.iter().enumerate() {
        for paired in &pairing.routes {
            let at = routes.iter().position(|route| route.label == paired.label).unwrap_or_else(|| {
                let spends = vec![None; cases.len()];
                routes.push(ComparedRoute { label: paired.label.clone(), spends, note: String::new() });
                routes.len() - 1
            });
            routes[at].spends[0] = Some(paired.a.clone());
            routes[at].spends[index + 1] = Some(paired.b.clone());
            if cases.len() == 2 {
                routes[at].note = cheaper_note(paired.a_cheaper, &cases[0].name, &cases[1].name);
            }
        }
    }
    routes
}

/// The cases, each with its cheapest route.
fn cases_sheet(report: &ComparisonReport) -> Sheet {
    let best = |case: &CaseRow| case.cheapest.clone();
    let base = best(&report.cases[0]);
    let budget = report.cases.iter().filter_map(best).any(|best| best.over_budget.is_some());
    let cheapest = if report.cases.iter().any(|case| case.requires) {
        "cheapest that meets the requirements"
    } else {
        "cheapest route"
    };
    let mut head = vec!["case", cheapest, "P50", "P90", "P50 against the base"];
    head.extend(budget.then_some("over budget"));
    let title = if report.cases.len() > 1 {
        format!("Spend over {}, all cases on the same random numbers", report.horizon)
    } else {
        format!("Spend over {}", report.horizon)
    };
    let mut sheet = Sheet::new(title, &head);
    for (at, case) in report.cases.iter().enumerate() {
        let Some(best) = best(case) else {
            let mut row = vec![case.name.clone(), "none".to_owned()];
            row.resize(head.len(), String::new());
            sheet.rows.push(row);
            continue;
        };
        let against = match &base {
            Some(base) if at > 0 => relative(base.spend.p50, best.spend.p50),
            _ => String::new(),
        };
        let mut row = vec![case.name.clone(), best.label];
        row.extend([usd_short(best.spend.p50), usd_short(best.spend.p90), against]);
        row.extend(budget.then(|| best.over_budget.map_or(String::new(), probability)));
        sheet.rows.push(row);
    }
    sheet
}

/// The most pairs that a terminal shows in full.
const MOST_SHOWN: usize = 40;
/// The most cases that are told in sentences.
const MOST_TOLD: usize = 8;

/// Every route in every case against the base, as far as that can be read.
fn pairs_sheet(report: &ComparisonReport, all: bool) -> Sheet {
    let base = &report.cases[0].name;
    let head =
        ["route", "case", "base, P50", "case, P50", "case less base, P50", "P10 to P90", "case cheaper"];
    let mut sheet = Sheet::new(format!("Each route against itself in \u{201C}{base}\u{201D}"), &head);
    let (pairs, count) = (report.pairs().collect::<Vec<_>>(), report.pairs().count());
    let shown = if all || count <= MOST_SHOWN { pairs } else { report.leading() };
    for (case, route) in &shown {
        let d = &route.difference;
        sheet.rows.push(vec![
            route.label.clone(),
            (*case).to_owned(),
            usd_short(route.a.p50),
            usd_short(route.b.p50),
            usd_change(-d.p50),
            format!("{} to {}", usd_change(-d.p90), usd_change(-d.p10)),
            if d.p10 == 0.0 && d.p90 == 0.0 { "same".to_owned() } else { probability(1.0 - route.a_cheaper) },
        ]);
    }
    if shown.len() < count {
        sheet.notes.push(format!("{} other rows are in --format csv, json and --out.", count - shown.len()));
    }
    sheet.notes.extend(refusals(report));
    sheet.notes.extend(other_routes(report));
    sheet.notes.extend(out_of_reach(report));
    sheet.notes.extend(crossings(&shown));
    if let Some(ratio) = worst_ratio(report) {
        sheet.notes.push(precision(ratio));
    }
    let unpaired = report.unpaired();
    sheet.notes.extend(
        unpaired
            .iter()
            .map(|label| format!("note: {label} is in only one of the scenarios and not compared.")),
    );
    sheet
}

/// A route that refuses more of the traffic than in the base saves by doing less, and one that refuses less costs more
/// by doing more.
fn refusals(report: &ComparisonReport) -> Vec<String> {
    let differ = |[base, case]: [f64; 2]| refuses_more(base, case) || refuses_more(case, base);
    let other = report.pairs().filter(|(_, route)| differ(route.refused));
    let note = |(case, route): (&str, &PairedRoute)| {
        format!(
            "note: {} refuses {} of the input tokens in \u{201C}{case}\u{201D}, {} in the base: {}.",
            route.label,
            percent(route.refused[1]),
            percent(route.refused[0]),
            if route.refused[1] > route.refused[0] {
                "it saves by serving less"
            } else {
                "what it costs more is for serving more"
            }
        )
    };
    other.map(note).collect()
}

/// A route that a case buys elsewhere keeps its name.
fn other_routes(report: &ComparisonReport) -> Vec<String> {
    let moved = report.pairs().filter(|(_, route)| route.ids[0] != route.ids[1]);
    let note = |(case, route): (&str, &PairedRoute)| {
        format!("note: in \u{201C}{case}\u{201D} {} is bought as {}.", route.label, route.ids[1])
    };
    moved.map(note).collect()
}

/// Hit rates that prompts below the cache's minimum keep out of reach, one note for each case.
fn out_of_reach(report: &ComparisonReport) -> Vec<String> {
    let mut missed: Vec<(&str, Vec<&str>, f64)> = Vec::new();
    for (case, route) in report.pairs() {
        let names = [report.cases[0].name.as_str(), case];
        for (name, share) in names.into_iter().zip(route.unreached).filter(|(_, share)| *share >= UNREACHED) {
            let at = missed.iter().position(|(known, ..)| *known == name).unwrap_or_else(|| {
                missed.push((name, Vec::new(), 0.0));
                missed.len() - 1
            });
            let (_, labels, most) = &mut missed[at];
            // The base stands beside every case.
            if !labels.contains(&route.label.as_str()) {
                labels.push(&route.label);
            }
            *most = most.max(share);
        }
    }
    let note = |(name, labels, most): &(&str, Vec<&str>, f64)| {
        let routes = if labels.len() > 2 { format!("{} routes", labels.len()) } else { labels.join(" and ") };
        format!(
            "note: in \u{201C}{name}\u{201D} the hit rate of {routes} is out of reach by up to {} of input tokens: prompts below the provider's minimum are never cached.",
            percent(*most)
        )
    };
    missed.iter().map(note).collect()
}

/// Where lines cross, in sentences.
fn crossings(pairs: &[(&str, &PairedRoute)]) -> Vec<String> {
    let sentence = |(case, route): &(&str, &PairedRoute)| {
        let first = &route.months.iter().find(|month| month.difference.p50 != 0.0)?.difference;
        let way = if first.p50 > 0.0 { "dearer" } else { "cheaper" };
        let month = route.monthly_crossing?;
        let since = match route.cumulative_crossing {
            Some(by) => format!(", and {way} since the start by the end of {}", by.label()),
            None => ", but not since the start within the horizon".to_owned(),
        };
        let label = &route.label;
        Some(format!(
            "\u{201C}{case}\u{201D} becomes {way} than the base on {label} in {}{since}.",
            month.label()
        ))
    };
    pairs.iter().filter_map(sentence).collect()
}

/// What each case does to the leading route, in sentences.
fn told(report: &ComparisonReport) -> Vec<String> {
    let leading = report.leading();
    let mut lines: Vec<String> =
        leading.iter().take(MOST_TOLD).map(|(case, route)| sentence(case, route)).collect();
    if leading.len() > MOST_TOLD {
        lines.push(format!("And {} more cases.", leading.len() - MOST_TOLD));
    }
    lines
}

fn sentence(case: &str, route: &PairedRoute) -> String {
    let (d, label) = (&route.difference, &route.label);
    if d.p10 == 0.0 && d.p90 == 0.0 {
        return format!("\u{201C}{case}\u{201D} changes nothing on {label}.");
    }
    let saves = d.p50 > 0.0;
    let (verb, amount) = if saves { ("saves", d.p50) } else { ("adds", -d.p50) };
    let (low, high) = if saves { (d.p10, d.p90) } else { (-d.p90, -d.p10) };
    let cheaper = 1.0 - route.a_cheaper;
    format!(
        "\u{201C}{case}\u{201D} {verb} {} at the median on {label} ({}), {} to {} in eight of ten futures; it is cheaper with a chance of {}.",
        usd_short(amount),
        relative(route.a.p50, route.b.p50),
        usd_short(low),
        usd_short(high),
        probability(cheaper),
    )
}

/// What the differences are made of: case less base, mean over the horizon.
fn components_sheet(report: &ComparisonReport) -> Sheet {
    // Capacity is a column where any scenario has it in the spend.
    let any = report.pairs().any(|(_, route)| {
        route.items.iter().any(|(name, d)| *name == "capacity" && d.sd + d.mean.abs() > 0.0)
    });
    let shown = |name: &str| any || name != "capacity";
    let names = report.pairs().next().map_or(Vec::new(), |(_, route)| {
        let names = route.items.iter().filter(|(name, _)| shown(name));
        names.map(|(name, _)| name.replace('_', " ")).collect::<Vec<_>>()
    });
    let mut head = vec!["route", "case"];
    head.extend(names.iter().map(String::as_str));
    head.push("of it, premium");
    let mut sheet = Sheet::new("What the mean difference is made of, case less base, USD", &head);
    for (case, route) in report.pairs() {
        let mut row = vec![route.label.clone(), case.to_owned()];
        row.extend(route.items.iter().filter(|(name, _)| shown(name)).map(|(_, d)| usd_change(-d.mean)));
        row.push(usd_change(-route.premium.mean));
        sheet.rows.push(row);
    }
    sheet
}

/// The comparison as text for a terminal.
pub fn comparison_terminal(report: &ComparisonReport, width: Option<u16>) -> String {
    let mut out = cases_sheet(report).terminal(width);
    if !report.pairings.is_empty() {
        out += &format!("\n{}\n\n", told(report).join("\n"));
        out += &pairs_sheet(report, false).terminal(width);
    }
    if let Some(since) = &report.since {
        out += &format!("\n{}", since_sheet(since).terminal(width));
    }
    out + &format!("\n{}\n", report.provenance)
}

/// The largest ratio of the paired to the independent standard error.
fn worst_ratio(report: &ComparisonReport) -> Option<f64> {
    report.pairs().filter_map(|(_, route)| route.error_ratio).reduce(f64::max)
}

fn precision(ratio: f64) -> String {
    if ratio > 0.0 {
        let times = 1.0 / ratio;
        format!(
            "The paired difference is known {times:.1} times as precisely as from independent runs, or better."
        )
    } else {
        "The paired difference is known exactly.".to_owned()
    }
}

/// The comparison as Markdown, fit for a comment on a change.
pub fn comparison_markdown(report: &ComparisonReport) -> String {
    let mut out = cases_sheet(report).markdown();
    if !report.pairings.is_empty() {
        out += &format!("\n- {}\n\n", told(report).join("\n- "));
        out += &pairs_sheet(report, true).markdown();
        let components = components_sheet(report).markdown();
        out += &format!(
            "\n<details><summary>What the differences are made of</summary>\n\n{components}\n</details>\n"
        );
    }
    if let Some(since) = &report.since {
        out += &format!("\n{}", since_sheet(since).markdown());
    }
    out + &format!("\n{}\n", report.provenance)
}

/// Every difference as a row: the horizon's, and each month's.
///
/// # Errors
/// Never in practice: everything is written to memory.
pub fn comparison_csv(report: &ComparisonReport) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head: Vec<String> = ["a", "b", "route", "month"].map(str::to_owned).to_vec();
    head.extend(figure_heads("difference_usd"));
    head.push("probability_a_cheaper".to_owned());
    writer.write_record(&head)?;
    let base = &report.cases[0].name;
    for (case, route) in report.pairs() {
        let months = route.months.iter().map(|m| (m.month.to_string(), &m.difference, m.a_cheaper));
        let total = ("total".to_owned(), &route.difference, route.a_cheaper);
        for (month, difference, a_cheaper) in std::iter::once(total).chain(months) {
            let mut row = vec![guarded(base), guarded(case), guarded(&route.label), month];
            row.extend(figure_values(difference));
            row.push(a_cheaper.to_string());
            writer.write_record(&row)?;
        }
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
