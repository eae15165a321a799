//! `signloop plot`.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use clap::ValueEnum;

use super::common::{emit, not_stdout, parse_names};
use crate::report::figure::{self, Choice, FIGURES, Input, Kind, RUN_FILES, Recipe};
use signloop_base::{
    Error, Result,
    diagnostics::{Problem, Problems},
    files, memory,
    refusals::no_text,
    text::without_mark,
};
use signloop_machine as arch;
use signloop_method::find;
use signloop_network::quant::Scheme;
use signloop_plot::{self as plot, Column, Provenance, Style, TOOL};

/// A bar that is narrower, in points, shows no hatch.
const NARROW_BAR: f64 = 2.5;

/// Arguments of `signloop plot`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Figure, or `all` that reports give; `signloop plot list` names them.
    figure: String,
    /// Files the figure is made from, or folders of training runs, comma-separated; what kind,
    /// `plot list` says.
    #[arg(long, value_delimiter = ',', num_args = 1..)]
    from: Vec<PathBuf>,
    /// Show only these schemes.
    #[arg(long, value_delimiter = ',')]
    scheme: Vec<String>,
    /// Show only these methods.
    #[arg(long, value_delimiter = ',')]
    method: Vec<String>,
    /// Show only these layers (`latents`: these tensors).
    #[arg(long, value_delimiter = ',')]
    layer: Vec<String>,
    /// Columns of a sweep for `heat`: below, left, value.
    #[arg(long, value_delimiter = ',', value_name = "BELOW,LEFT,VALUE")]
    columns: Vec<String>,
    /// The machine of `roofline` where the report's is not a shipped one.
    #[arg(long)]
    arch: Option<PathBuf>,
    #[command(flatten)]
    page: Page,
    /// Folder for the `.svg`, `.pdf`, `.png`, `.csv` and `.tex` files.
    #[arg(long, default_value = "plots")]
    out: PathBuf,
}

/// The page that figures are for.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Page {
    /// Width: one column of a page, or both.
    #[arg(long, value_enum, default_value_t = Width::Double)]
    column: Width,
    /// Whose page it is for.
    #[arg(long, value_enum, default_value_t = Publisher::Ieee)]
    style: Publisher,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Width {
    Single,
    Double,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Publisher {
    Ieee,
    Acm,
    Nature,
}

impl Page {
    pub(super) fn style(self) -> Style {
        match self.style {
            Publisher::Ieee => Style::Ieee,
            Publisher::Acm => Style::Acm,
            Publisher::Nature => Style::Nature,
        }
    }

    /// The flags that name the page, where it is not the default one.
    fn flags(self) -> String {
        let mut flags = String::new();
        if self.column() == Column::Single {
            flags += " --column single";
        }
        match self.style() {
            Style::Ieee => {}
            Style::Acm => flags += " --style acm",
            Style::Nature => flags += " --style nature",
        }
        flags
    }

    pub(super) fn column(self) -> Column {
        match self.column {
            Width::Single => Column::Single,
            Width::Double => Column::Double,
        }
    }
}

/// Draws and writes; every file is made before the first is written.
pub(super) fn run(arguments: &Args) -> Result<()> {
    if arguments.figure == "list" {
        let lines: String = FIGURES
            .iter()
            .map(|recipe| format!("{:<12} {}\n", recipe.name, recipe.about))
            .collect();
        return emit(&lines, None);
    }
    let recipes: Vec<&Recipe> = match arguments.figure.as_str() {
        "all" => FIGURES.iter().filter(|recipe| recipe.kind == Kind::Report).collect(),
        name => vec![figure::recipe(name)?],
    };
    if arguments.from.is_empty() {
        let problem = Problem::new("a figure needs a file to be made from");
        return Err(match recipes.as_slice() {
            [recipe] => problem.hint(format!("`{}`: {}", recipe.name, recipe.about)),
            _ => problem
                .hint("give --from FILE, made by `signloop simulate --format json --out FILE`"),
        }
        .into());
    }
    not_stdout(&arguments.out, "the files of a figure")?;
    let choice = choice(arguments)?;
    let inputs = read(&arguments.from)?;
    // A figure by layer of one report may not exist for several; `all` leaves `ecm` out then.
    let several = inputs.len() > 1 && recipes.len() > 1;
    let (mut written, mut captions) = (Vec::new(), String::new());
    for recipe in recipes.into_iter().filter(|recipe| !(several && recipe.name == "ecm")) {
        let figure = recipe.figure(&inputs, &choice)?;
        let provenance = provenance(recipe.name, &inputs, arguments);
        let (style, column) = (arguments.page.style(), arguments.page.column());
        if let Some(width) = figure.bar_width(style.width(column)).filter(|own| *own < NARROW_BAR) {
            let _ = writeln!(
                anstream::stderr(),
                "note: bars of `{}` are about {width:.1} pt wide; show fewer with --scheme, --method or \
                 --layer",
                figure.id
            );
        }
        written.extend(plot::files(&figure, style, column, &provenance)?);
        captions += &format!("caption of `{}`: {}\n", figure.id, figure.caption);
    }
    let listing: String = plot::write_all(&arguments.out, written)?
        .iter()
        .map(|path| format!("{}\n", path.display()))
        .collect();
    // For the text below the figure; the CSV and the TeX file begin with it, too.
    let _ = write!(anstream::stderr(), "{captions}");
    emit(&listing, None)
}

fn choice(arguments: &Args) -> Result<Choice> {
    parse_names(&arguments.scheme, str::parse::<Scheme>)?;
    parse_names(&arguments.method, find)?;
    let columns = match arguments.columns.as_slice() {
        [] => None,
        [x, y, value] => Some([x.clone(), y.clone(), value.clone()]),
        other => {
            return Err(Problem::new(format!("expected three columns, found {}", other.len()))
                .hint("--columns BELOW,LEFT,VALUE")
                .into());
        }
    };
    Ok(Choice {
        schemes: arguments.scheme.clone(),
        methods: arguments.method.clone(),
        layers: arguments.layer.clone(),
        columns,
        arch: arguments.arch.as_deref().map(arch::load).transpose()?,
    })
}

/// Reads every file, and the files of every folder of a training run; all that cannot be read are
/// told at once.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Input>> {
    let mut problems = Problems::new();
    let mut inputs = Vec::with_capacity(paths.len());
    let files = paths.iter().flat_map(|path| {
        if path.is_dir() {
            RUN_FILES.iter().map(|name| path.join(name)).collect()
        } else {
            vec![path.clone()]
        }
    });
    for path in files {
        let path = path.as_path();
        match read_one(path) {
            Ok(input) => inputs.push(input),
            Err(problem) => problems.push(problem.in_file(&path.display().to_string())),
        }
    }
    Ok(problems.into_result(inputs)?)
}

fn read_one(path: &Path) -> Result<Input, Problem> {
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Problem::new("no such file"),
        _ => Problem::new(error.to_string()),
    })?;
    if metadata.is_dir() {
        return Err(Problem::new("expected a file or the folder of a training run"));
    }
    let bytes = files::read(path).map_err(|error| {
        match &error {
            Error::Input(problems) => problems.iter().next().cloned(),
            _ => None,
        }
        .unwrap_or_else(|| Problem::new(error.to_string()))
    })?;
    if let Some(problem) = no_text(&bytes) {
        return Err(problem);
    }
    // A value of JSON takes up to sixteen times its text.
    memory::may_take((bytes.len() as u64).saturating_mul(16), "what the file holds")?;
    Ok(Input { path: path.to_owned(), bytes: without_mark(bytes) })
}

/// Inputs by name without folder: the same figure from another folder is the same.
fn provenance(figure: &str, inputs: &[Input], arguments: &Args) -> Provenance {
    let base =
        |input: &Input| input.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let names: Vec<String> = inputs.iter().map(base).collect();
    let mut command = format!("signloop plot {figure} --from {}", names.join(","));
    for (flag, values) in [
        ("scheme", &arguments.scheme),
        ("method", &arguments.method),
        ("layer", &arguments.layer),
        ("columns", &arguments.columns),
    ] {
        if !values.is_empty() {
            command += &format!(" --{flag} {}", values.join(","));
        }
    }
    if let Some(arch) = &arguments.arch {
        command += &format!(" --arch {}", arch.display());
    }
    command += &arguments.page.flags();
    Provenance {
        tool: TOOL.to_owned(),
        inputs: inputs.iter().map(|input| (base(input), plot::hash(&input.bytes))).collect(),
        command,
    }
}
