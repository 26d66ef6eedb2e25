//! The price files that ship inside the binary.

use std::sync::Arc;

use crate::domain::problem::Source;

macro_rules! price_file {
    ($name:literal) => {
        ($name, include_str!(concat!("../../pricing/", $name)))
    };
}

/// Name and text of every file under `pricing/`; a test compares the list with the folder.
const FILES: [(&str, &str); 18] = [
    price_file!("alibaba.yaml"),
    price_file!("anthropic.yaml"),
    price_file!("azure.yaml"),
    price_file!("bedrock.yaml"),
    price_file!("deepinfra.yaml"),
    price_file!("deepseek-cn.yaml"),
    price_file!("deepseek.yaml"),
    price_file!("fireworks.yaml"),
    price_file!("google.yaml"),
    price_file!("groq.yaml"),
    price_file!("mistral.yaml"),
    price_file!("openai.yaml"),
    price_file!("openrouter.yaml"),
    price_file!("perplexity.yaml"),
    price_file!("scaleway.yaml"),
    price_file!("together.yaml"),
    price_file!("vertex.yaml"),
    price_file!("xai.yaml"),
];

/// The shipped price files as sources named `pricing/<file>`.
pub fn shipped() -> Vec<Arc<Source>> {
    FILES
        .iter()
        .map(|(name, text)| Arc::new(Source { name: format!("pricing/{name}"), text: (*text).to_owned() }))
        .collect()
}
