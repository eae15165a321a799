//! `signloop man`.

use std::path::PathBuf;

use super::common::{emit, not_stdout};
use signloop_base::{Error, Result, files::write_together};

/// Arguments of `signloop man`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder for one page a command; without it the first page goes to standard output.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Writes the pages in roff; `command` is the whole command line.
pub(super) fn run(arguments: &Args, mut command: clap::Command) -> Result<()> {
    command.build();
    let page = |command: clap::Command| -> Result<Vec<u8>> {
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(|error| Error::Internal(error.to_string()))?;
        Ok(page)
    };
    let Some(folder) = &arguments.out else {
        let text = String::from_utf8(page(command)?);
        return emit(&text.map_err(|error| Error::Internal(error.to_string()))?, None);
    };
    not_stdout(folder, "a folder of pages")?;
    let (mut listing, mut pages) = (String::new(), Vec::new());
    let subcommands: Vec<clap::Command> = command.get_subcommands().cloned().collect();
    for command in std::iter::once(command).chain(subcommands) {
        // Built commands are displayed as `signloop-simulate`.
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        let path = folder.join(format!("{name}.1"));
        listing.push_str(&format!("{}\n", path.display()));
        pages.push((path, page(command)?));
    }
    write_together(Some(folder), &pages)?;
    emit(&listing, None)
}
