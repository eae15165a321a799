//! Files that are something else than what their name says, told apart by how they begin.

use crate::diagnostics::Problem;

const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";

/// A pointer that Git LFS left where the file itself should be.
#[must_use]
pub fn lfs_pointer(bytes: &[u8]) -> Option<Problem> {
    bytes.starts_with(LFS).then(|| {
        Problem::new("this is a pointer of Git LFS, not the file itself")
            .hint("get the file with `git lfs pull`, then run the command again")
    })
}

/// A checkpoint that Python's pickle wrote. Reading one means to run the program in it.
#[must_use]
pub fn pickle(bytes: &[u8]) -> Option<Problem> {
    // Protocols 2 to 5; or an archive whose first member is `torch.save`'s.
    let plain = matches!(bytes, [0x80, 2..=5, ..]);
    let begin = &bytes[..bytes.len().min(256)];
    let archive =
        bytes.starts_with(b"PK\x03\x04") && begin.windows(8).any(|part| part == b"data.pkl");
    (plain || archive).then(|| {
        Problem::new("this is a pickle, as `torch.save` writes it; it holds a program, and is not read")
            .hint("save the state dict in Python: `from safetensors.torch import save_file; save_file(model.state_dict(), \"weights.safetensors\")`")
    })
}

/// What is no text though a text was expected, and how to get one.
#[must_use]
pub fn no_text(bytes: &[u8]) -> Option<Problem> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let problem = Problem::new("the file is UTF-16 text, expected UTF-8");
        return Some(problem.hint("save it as UTF-8, or use `iconv -f UTF-16 -t UTF-8`"));
    }
    if bytes.starts_with(b"\x1f\x8b") {
        let problem = Problem::new("the file is packed by gzip, expected text");
        return Some(problem.hint("unpack it with `gunzip`"));
    }
    lfs_pointer(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_told_apart() {
        assert!(
            lfs_pointer(b"version https://git-lfs.github.com/spec/v1\noid sha256:00").is_some()
        );
        assert!(lfs_pointer(b"version = 1").is_none());
        assert!(pickle(b"\x80\x02}q\x00.").is_some());
        assert!(pickle(b"PK\x03\x04............archive/data.pkl").is_some());
        assert!(pickle(b"PK\x03\x04............fc1.weight.npy").is_none());
        assert!(pickle(b"\x80\x00\x00\x00\x00\x00\x00\x00{").is_none());
        assert!(no_text(b"\xff\xfea\x00").is_some() && no_text(b"\x1f\x8b\x08").is_some());
        assert!(no_text("\u{feff}a = 1".as_bytes()).is_none());
    }
}
