//! Length laws measured on real traffic, three lognormals each. METHOD.md names the traces.

use super::length::{Component, Shape};

/// Which side of a preset is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Prompt tokens.
    Prompt,
    /// Output tokens.
    Output,
}

/// The laws of one kind of traffic.
pub struct Preset {
    /// Its name in scenarios.
    pub name: &'static str,
    /// What it was measured on.
    pub origin: &'static str,
    prompt: [(f64, f64, f64); 3],
    output: [(f64, f64, f64); 3],
}

impl Preset {
    /// The law of one side.
    pub fn shape(&self, role: Role) -> Shape {
        let rows = match role {
            Role::Prompt => &self.prompt,
            Role::Output => &self.output,
        };
        let total: f64 = rows.iter().map(|row| row.0).sum();
        let components =
            rows.iter().map(|&(w, ln_median, sigma)| Component { weight: w / total, ln_median, sigma });
        Shape { components: components.collect() }
    }
}

/// The presets: weight, mean and standard deviation of the natural logarithm of tokens, fitted to the
/// public traces named in `origin` (measured November 2026).
pub const PRESETS: [Preset; 5] = [
    Preset {
        name: "chat-short",
        origin: "Azure 2023 conversation trace",
        prompt: [(0.633, 6.27, 1.00), (0.291, 6.98, 0.06), (0.076, 8.32, 0.02)],
        output: [(0.296, 4.73, 1.01), (0.425, 4.57, 0.36), (0.279, 6.01, 0.05)],
    },
    Preset {
        name: "chat-long-context",
        origin: "Mooncake conversation trace",
        prompt: [(0.093, 6.81, 0.02), (0.109, 7.19, 0.23), (0.798, 9.17, 0.92)],
        output: [(0.249, 3.51, 1.51), (0.313, 5.77, 0.62), (0.438, 6.07, 0.26)],
    },
    Preset {
        name: "code-completion",
        origin: "Azure 2023 code trace",
        prompt: [(0.315, 5.53, 1.29), (0.634, 7.57, 0.64), (0.051, 8.91, 0.02)],
        output: [(0.096, 1.84, 0.07), (0.574, 2.45, 0.34), (0.331, 3.65, 0.88)],
    },
    Preset {
        name: "coding-agent",
        origin: "coding-agent session traces",
        prompt: [(0.579, 11.15, 0.61), (0.294, 11.68, 0.18), (0.126, 12.35, 0.59)],
        output: [(0.322, 4.92, 0.30), (0.346, 5.60, 0.54), (0.332, 6.16, 1.12)],
    },
    Preset {
        name: "reasoning",
        origin: "ServeGen reasoning model trace",
        prompt: [(0.353, 3.39, 0.72), (0.265, 5.60, 0.40), (0.382, 6.66, 1.75)],
        output: [(0.599, 6.17, 0.55), (0.177, 7.23, 0.17), (0.224, 8.03, 0.80)],
    },
];
