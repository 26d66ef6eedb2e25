//! Route names: one way to buy a model, `provider/model[:tier][@region]`.

use std::fmt;

/// A parsed route: `openai/gpt-5.4`, `azure/gpt-5.4:batch@datazone-us`, `openrouter/openai/gpt-5.4`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RouteId {
    /// The price file: everything before the first `/`.
    pub provider: String,
    /// The model as that provider names it.
    pub model: String,
    /// The service tier; `standard` where none is written.
    pub tier: String,
    /// The region, if one is written; the provider's default otherwise.
    pub region: Option<String>,
}

/// The tier that a route without `:tier` means.
pub const STANDARD: &str = "standard";

/// The tier whose jobs wait in a queue.
pub const BATCH: &str = "batch";

impl RouteId {
    /// Reads a route name.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    ///
    /// ```
    /// use tollcast::domain::route::RouteId;
    /// let route = RouteId::parse("azure/gpt-5.4:batch@datazone-us").unwrap();
    /// assert_eq!(route.tier, "batch");
    /// assert_eq!(route.region.as_deref(), Some("datazone-us"));
    /// ```
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.chars().any(char::is_whitespace) {
            return Err("a route has no spaces".to_owned());
        }
        let (provider, rest) = text
            .split_once('/')
            .ok_or_else(|| "a route is provider/model, for instance openai/gpt-5.4".to_owned())?;
        let (rest, region) = split_suffix(rest, '@');
        let (model, tier) = split_suffix(rest, ':');
        let parts = [Some(provider), Some(model), tier, region];
        if parts.into_iter().flatten().any(str::is_empty) {
            return Err("a part of the route is empty: provider/model[:tier][@region]".to_owned());
        }
        Ok(RouteId {
            provider: provider.to_owned(),
            model: model.to_owned(),
            tier: tier.unwrap_or(STANDARD).to_owned(),
            region: region.map(str::to_owned),
        })
    }

    /// The same route on another tier.
    pub fn with_tier(&self, tier: &str) -> RouteId {
        RouteId { tier: tier.to_owned(), ..self.clone() }
    }
}

fn split_suffix(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((head, tail)) => (head, Some(tail)),
        None => (text, None),
    }
}

impl fmt::Display for RouteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)?;
        if self.tier != STANDARD {
            write!(f, ":{}", self.tier)?;
        }
        if let Some(region) = &self.region {
            write!(f, "@{region}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_round_trip() {
        for name in [
            "openai/gpt-5.4",
            "openai/gpt-5.4:batch",
            "azure/gpt-5.4@datazone-us",
            "azure/gpt-5.4:batch@global",
            "openrouter/openai/gpt-5.4:batch",
        ] {
            assert_eq!(RouteId::parse(name).unwrap().to_string(), name);
        }
    }

    #[test]
    fn broken_names_are_refused() {
        for name in ["", "openai", "/gpt", "openai/", "openai/gpt:", "openai/gpt@", "open ai/gpt"] {
            assert!(RouteId::parse(name).is_err(), "{name}");
        }
    }
}
