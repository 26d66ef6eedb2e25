//! Vendors' words in the words of the catalogue: providers and tiers.

use std::sync::Arc;

use super::context::{Context, Note};

/// What logs call providers, and what the catalogue does.
const PROVIDERS: [(&str, &str); 44] = [
    ("openai", "openai"),
    ("azure", "azure"),
    ("azure_ai", "azure"),
    ("azure_text", "azure"),
    ("azure.ai.openai", "azure"),
    ("az.ai.openai", "azure"),
    ("azure.ai.inference", "azure"),
    ("az.ai.inference", "azure"),
    ("microsoft", "azure"),
    ("microsoft azure", "azure"),
    ("bedrock", "bedrock"),
    ("bedrock_converse", "bedrock"),
    ("aws.bedrock", "bedrock"),
    ("aws_bedrock", "bedrock"),
    ("aws", "bedrock"),
    ("amazon web services", "bedrock"),
    ("anthropic", "anthropic"),
    ("vertex_ai", "vertex"),
    ("vertex_ai_beta", "vertex"),
    ("vertex", "vertex"),
    ("gcp.vertex_ai", "vertex"),
    ("google cloud", "vertex"),
    ("gemini", "google"),
    ("google", "google"),
    ("gcp.gemini", "google"),
    ("gcp.gen_ai", "google"),
    ("deepseek", "deepseek"),
    ("x_ai", "xai"),
    ("xai", "xai"),
    ("mistral_ai", "mistral"),
    ("mistral", "mistral"),
    ("groq", "groq"),
    ("perplexity", "perplexity"),
    ("openrouter", "openrouter"),
    ("together_ai", "together"),
    ("together", "together"),
    ("fireworks_ai", "fireworks"),
    ("fireworks", "fireworks"),
    ("deepinfra", "deepinfra"),
    ("dashscope", "alibaba"),
    ("alibaba", "alibaba"),
    ("alibaba cloud", "alibaba"),
    ("scaleway", "scaleway"),
    ("text-completion-openai", "openai"),
];

/// What logs call tiers, and what the catalogue does; nothing where the word leaves it open.
const TIERS: [(&str, &str); 12] = [
    ("default", "standard"),
    ("standard", "standard"),
    ("on_demand", "standard"),
    ("on-demand", "standard"),
    ("batch", "batch"),
    ("flex", "flex"),
    ("flex-tier", "flex"),
    ("priority", "priority"),
    ("priority-tier", "priority"),
    ("fast", "fast"),
    ("auto", ""),
    ("", ""),
];

/// The provider of that name; one that is not known here keeps its own.
pub fn provider(name: &str, context: &mut Context) -> Arc<str> {
    let known = PROVIDERS.iter().find(|(written, _)| name.eq_ignore_ascii_case(written));
    // LiteLLM writes who made the model behind who serves it: `vertex_ai-anthropic_models`.
    let family = || name.split_once('-').filter(|(serves, _)| *serves == "vertex_ai").map(|_| "vertex");
    match known.map(|(_, ours)| *ours).or_else(family) {
        Some(ours) => context.name(ours),
        None => context.name(name),
    }
}

/// The tier of that name; `None` with a note where it has no word here, and where it only says that the
/// vendor chose one.
pub fn tier(name: &str, context: &mut Context) -> Option<Arc<str>> {
    let Some((_, ours)) = TIERS.iter().find(|(written, _)| name.trim().eq_ignore_ascii_case(written)) else {
        context.note(Note::UnknownTier);
        return None;
    };
    if ours.is_empty() {
        return None;
    }
    Some(context.name(ours))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Instant;

    #[test]
    fn providers_get_the_catalogue_s_names() {
        let mut context = Context::new(Instant::from_unix_seconds(0));
        for (written, ours) in [
            ("azure.ai.openai", "azure"),
            ("AWS.Bedrock", "bedrock"),
            ("gcp.gemini", "google"),
            ("vertex_ai-anthropic_models", "vertex"),
            ("homegrown", "homegrown"),
        ] {
            assert_eq!(provider(written, &mut context).as_ref(), ours);
        }
    }

    #[test]
    fn an_unknown_tier_is_left_open_and_noted() {
        let mut context = Context::new(Instant::from_unix_seconds(0));
        assert_eq!(tier("default", &mut context).as_deref(), Some("standard"));
        assert_eq!(tier("flex-tier", &mut context).as_deref(), Some("flex"));
        assert_eq!(tier("auto", &mut context), None);
        context.end_row(true);
        assert!(context.sentences().is_empty());
        assert_eq!(tier("incentivized-tier", &mut context), None);
        context.end_row(true);
        assert_eq!(context.sentences().len(), 1);
    }
}
