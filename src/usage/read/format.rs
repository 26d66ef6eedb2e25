//! The formats by name.

/// A kind of usage log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Format {
    /// Pages of OpenAI's usage interface, JSON.
    OpenAiUsage,
    /// The export of OpenAI's dashboard, CSV.
    OpenAiCsv,
    /// Pages of Anthropic's usage report, JSON.
    Anthropic,
    /// LiteLLM's spend logs and daily sums, CSV or JSON.
    LiteLlm,
    /// OpenRouter's activity export, CSV.
    OpenRouter,
    /// Spans with `gen_ai` attributes, OTLP in JSON.
    OpenTelemetry,
    /// Langfuse's observations, CSV or JSON.
    Langfuse,
    /// Helicone's export of requests, CSV or JSON.
    Helicone,
    /// Amazon Bedrock's log of model invocations, JSON.
    Bedrock,
    /// Azure's export of cost and usage details, CSV.
    AzureCost,
    /// The transcripts of Claude Code, one JSON object a line.
    ClaudeCode,
    /// A FOCUS billing export with tokens, CSV.
    Focus,
    /// Any table with a time, input and output tokens.
    Plain,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 13] = [
        Format::OpenAiUsage,
        Format::OpenAiCsv,
        Format::Anthropic,
        Format::LiteLlm,
        Format::OpenRouter,
        Format::OpenTelemetry,
        Format::Langfuse,
        Format::Helicone,
        Format::Bedrock,
        Format::AzureCost,
        Format::ClaudeCode,
        Format::Focus,
        Format::Plain,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Format::OpenAiUsage => "openai-usage",
            Format::OpenAiCsv => "openai-csv",
            Format::Anthropic => "anthropic",
            Format::LiteLlm => "litellm",
            Format::OpenRouter => "openrouter",
            Format::OpenTelemetry => "otel",
            Format::Langfuse => "langfuse",
            Format::Helicone => "helicone",
            Format::Bedrock => "bedrock",
            Format::AzureCost => "azure-cost",
            Format::ClaudeCode => "claude-code",
            Format::Focus => "focus",
            Format::Plain => "plain",
        }
    }

    /// What it is, in a few words.
    pub const fn describe(self) -> &'static str {
        match self {
            Format::OpenAiUsage => "pages of OpenAI's usage interface (JSON)",
            Format::OpenAiCsv => "an export of OpenAI's usage dashboard (CSV)",
            Format::Anthropic => "pages of Anthropic's usage report (JSON)",
            Format::LiteLlm => "LiteLLM spend logs (CSV or JSON)",
            Format::OpenRouter => "an OpenRouter activity export (CSV)",
            Format::OpenTelemetry => "OpenTelemetry spans of model calls (OTLP JSON)",
            Format::Langfuse => "Langfuse observations (CSV or JSON)",
            Format::Helicone => "a Helicone export of requests (CSV or JSON)",
            Format::Bedrock => "Amazon Bedrock model invocation logs (JSON)",
            Format::AzureCost => "an Azure export of cost and usage details (CSV)",
            Format::ClaudeCode => "Claude Code transcripts (JSON lines)",
            Format::Focus => "a FOCUS billing export (CSV)",
            Format::Plain => "a table with a time, input and output tokens (CSV or JSON)",
        }
    }

    /// The format of that name.
    pub fn named(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name().eq_ignore_ascii_case(name.trim()))
    }

    /// Whether its rows are requests. Sums over many requests do not tell how long each prompt was, so they
    /// cannot tell what share of them a price for long prompts met.
    pub const fn sees_requests(self) -> bool {
        !matches!(
            self,
            Format::OpenAiUsage | Format::OpenAiCsv | Format::Anthropic | Format::AzureCost | Format::Focus
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in Format::ALL {
            assert_eq!(Format::named(format.name()), Some(format));
            assert!(!format.describe().is_empty());
        }
        assert_eq!(Format::named("excel"), None);
    }
}
