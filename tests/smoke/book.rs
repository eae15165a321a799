//! Do the pages lead anywhere? Links between them, and the files that they show.

use std::{collections::BTreeSet, path::Path};

use signloop::{base::config::Document, machine::accelerator};

fn pages() -> Vec<(String, String)> {
    let mut pages = vec![("README.md".to_owned(), std::fs::read_to_string("README.md").unwrap())];
    for folder in ["docs", "docs/measurements"] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    pages.sort();
    pages
}

/// The text outside fenced code.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// What follows `](`, without addresses of the web.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).map(str::to_owned).collect()
}

/// A heading as browsers and mdBook address it.
fn anchor(heading: &str) -> String {
    let kept = |letter: char| letter.is_alphanumeric() || " -_".contains(letter);
    heading.trim().to_lowercase().chars().filter(|c| kept(*c)).collect::<String>().replace(' ', "-")
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut checked = 0;
    for (page, text) in pages() {
        let folder = Path::new(&page).parent().unwrap();
        for link in links(&text) {
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { page.clone().into() } else { folder.join(file) };
            assert!(target.exists(), "{page}: `{link}` leads to no file");
            if !heading.is_empty() {
                let text = prose(&std::fs::read_to_string(&target).unwrap());
                let mut lines = text.lines().filter(|line| line.starts_with('#'));
                let found = lines.any(|line| anchor(line.trim_start_matches('#')) == heading);
                assert!(found, "{page}: `{link}` leads to no heading");
            }
            checked += 1;
        }
    }
    assert!(checked > 60, "only {checked} links were found");
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = std::fs::read_to_string("docs/SUMMARY.md").unwrap();
    let listed: BTreeSet<String> =
        links(&summary).into_iter().map(|link| format!("docs/{link}")).collect();
    let pages = pages().into_iter().map(|(page, _)| page);
    let there: BTreeSet<String> =
        pages.filter(|page| page.starts_with("docs/") && !page.ends_with("SUMMARY.md")).collect();
    assert_eq!(listed, there);
}

#[test]
fn the_accelerator_of_the_guide_is_one() {
    let guide = std::fs::read_to_string("docs/hardware-files.md").unwrap();
    let text = guide.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let document = Document::parse("guide.toml", text.to_owned()).unwrap();
    let machine = accelerator::parse(&document).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(machine.levels.len(), 2);
}
