//! Every figure by name: a figure is a file with its function, and a line here.

use super::{
    choice::Choice, fits, gain, input::Input, latents, layers, measured, patterns, points,
    roofline, stacks, sweep,
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_plot::Figure;

/// What kind of files a figure is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Reports of `signloop simulate --format json`.
    Report,
    /// One file of another kind, named in the figure's description.
    Other,
}

/// How a figure is made.
pub struct Recipe {
    /// Name of the figure and of its files.
    pub name: &'static str,
    /// What it shows, and from what.
    pub about: &'static str,
    /// From what kind of files.
    pub kind: Kind,
    build: fn(&[Input], &Choice) -> Result<Figure>,
}

/// Every figure that files can give.
pub const FIGURES: &[Recipe] = &[
    Recipe {
        name: "energy",
        about: "modelled energy by scheme and method, a stack of its levels; from reports",
        kind: Kind::Report,
        build: stacks::energy,
    },
    Recipe {
        name: "cycles",
        about: "ECM cycles by scheme and method, a stack of their parts; from reports",
        kind: Kind::Report,
        build: stacks::cycles,
    },
    Recipe {
        name: "ecm",
        about: "ECM cycles of each layer, a stack of their parts, for one scheme and method; from a report",
        kind: Kind::Report,
        build: stacks::ecm,
    },
    Recipe {
        name: "ops",
        about: "adds of each layer by scheme and method; from reports",
        kind: Kind::Report,
        build: layers::ops,
    },
    Recipe {
        name: "reduction",
        about: "arithmetic reduction of each layer by scheme and method; from reports",
        kind: Kind::Report,
        build: layers::reduction,
    },
    Recipe {
        name: "traffic",
        about: "bytes between each level and the next, by scheme and method; from reports",
        kind: Kind::Report,
        build: stacks::traffic,
    },
    Recipe {
        name: "density",
        about: "density of each layer by scheme; from reports",
        kind: Kind::Report,
        build: layers::density,
    },
    Recipe {
        name: "roofline",
        about: "adds per second against adds per DRAM byte, under the machine's roof; from a report and --arch",
        kind: Kind::Other,
        build: roofline::roofline,
    },
    Recipe {
        name: "patterns",
        about: "distinct R x S kernels of each layer against the bound; from `signloop stats --format json`",
        kind: Kind::Other,
        build: patterns::patterns,
    },
    Recipe {
        name: "latents",
        about: "histogram of latent weights with Gauss and Laplace fits; from .safetensors, .npz or .npy",
        kind: Kind::Other,
        build: latents::latents,
    },
    Recipe {
        name: "tradeoff",
        about: "adds left of the dense MACs against density; from CSV: series, density, adds_per_dense_mac",
        kind: Kind::Other,
        build: points::tradeoff,
    },
    Recipe {
        name: "accuracy",
        about: "accuracy against effectual parameters; from folders of `signloop train`, or CSV: series, effectual_params, top1_percent, label",
        kind: Kind::Other,
        build: points::accuracy,
    },
    Recipe {
        name: "fits",
        about: "latents' distances to Gauss and Laplace fits, layer by layer; from `fits.csv` of `signloop train`",
        kind: Kind::Other,
        build: fits::fits,
    },
    Recipe {
        name: "speed",
        about: "measured time by scheme, kernel and activation type; from `signloop measure --format json`",
        kind: Kind::Other,
        build: measured::speed,
    },
    Recipe {
        name: "crosscheck",
        about: "predicted against measured time; from `signloop crosscheck --format json`, or CSV: series, measured_us, predicted_us, label",
        kind: Kind::Other,
        build: points::crosscheck,
    },
    Recipe {
        name: "gain",
        about: "energy, cycles and density against a baseline on accelerators; from `signloop gain --format json`",
        kind: Kind::Other,
        build: gain::gain,
    },
    Recipe {
        name: "pareto",
        about: "energy against cycles of mappings, with their front; from `signloop map --format json`, or CSV: series, cycles, energy_pj",
        kind: Kind::Other,
        build: points::pareto,
    },
    Recipe {
        name: "heat",
        about: "any value over any two settings; from `signloop sweep` and --columns BELOW,LEFT,VALUE",
        kind: Kind::Other,
        build: sweep::heat,
    },
];

/// The recipe of a name.
///
/// # Errors
/// No figure has the name; the nearest one is suggested.
pub fn recipe(name: &str) -> Result<&'static Recipe, Problem> {
    FIGURES.iter().find(|recipe| recipe.name == name).ok_or_else(|| {
        let names: Vec<&str> = FIGURES.iter().map(|recipe| recipe.name).collect();
        let problem = Problem::new(format!("unknown figure `{name}`"))
            .hint(format!("expected `all` or one of `{}`", names.join("`, `")));
        problem.did_you_mean(name, names)
    })
}

impl Recipe {
    /// Makes the figure.
    ///
    /// # Errors
    /// The files are of another kind, do not fit each other, or hold nothing to show.
    pub fn figure(&self, inputs: &[Input], choice: &Choice) -> Result<Figure> {
        let figure = (self.build)(inputs, choice)?;
        if figure.is_empty() {
            let names: Vec<String> = inputs.iter().map(Input::name).collect();
            return Err(Problem::new(format!("there is nothing to show as `{}`", self.name))
                .in_file(&names.join(", "))
                .hint("a value of zero everywhere, or a choice that leaves nothing, has no figure")
                .into());
        }
        Ok(figure)
    }
}
