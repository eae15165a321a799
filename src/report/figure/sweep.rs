//! A heat map over two columns of a sweep.

use super::{Choice, Input, single, table::Table};
use signloop_base::{Result, diagnostics::Problem};
use signloop_plot::{Content, Figure, HeatFigure};

/// Most settings along one axis: with more, cells are thinner than their numbers.
const MAX_SETTINGS: usize = 64;

/// Settings in order of first appearance, the value of each pair; a pair seen twice is a problem.
pub(super) fn heat(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let input = single(inputs, "heat")?;
    let table = Table::read(input)?;
    let Some([x, y, value]) = &choice.columns else {
        return Err(Problem::new("a heat map needs three columns")
            .hint("give --columns BELOW,LEFT,VALUE with names of the table's header")
            .into());
    };
    let (xs, ys, values) = (table.words(x)?, table.words(y)?, table.optional_numbers(value)?);
    // Rows of other schemes, methods and layers than those chosen are left out.
    let others =
        [("scheme", &choice.schemes), ("method", &choice.methods), ("layer", &choice.layers)];
    let mut kept = vec![true; xs.len()];
    for (column, names) in others.into_iter().filter(|(_, names)| !names.is_empty()) {
        for (keep, word) in kept.iter_mut().zip(table.words(column)?) {
            *keep &= names.iter().any(|name| name == word);
        }
    }
    let keep = |words: Vec<&'_ str>| -> Vec<String> {
        let kept = words.iter().zip(&kept).filter(|(_, keep)| **keep);
        kept.map(|(word, _)| (*word).to_owned()).collect()
    };
    let (xs, ys) = (keep(xs), keep(ys));
    let values = values.into_iter().zip(&kept).filter(|(_, keep)| **keep).map(|(value, _)| value);
    let distinct = |words: &[String]| -> Result<Vec<String>, Problem> {
        let mut settings: Vec<String> = Vec::new();
        for word in words {
            if !settings.iter().any(|own| own == word) {
                settings.push(word.clone());
            }
            if settings.len() > MAX_SETTINGS {
                let message = format!("more than {MAX_SETTINGS} settings along one axis");
                return Err(Problem::new(message).in_file(&input.name()));
            }
        }
        Ok(settings)
    };
    let (columns, rows) = (distinct(&xs)?, distinct(&ys)?);
    let mut cells = vec![None; columns.len() * rows.len()];
    for ((x_word, y_word), number) in xs.iter().zip(&ys).zip(values) {
        let place = |settings: &[String], word: &str| {
            settings.iter().position(|own| own == word).unwrap_or_default()
        };
        let cell = &mut cells[place(&rows, y_word) * columns.len() + place(&columns, x_word)];
        if cell.is_some() {
            return Err(Problem::new(format!(
                "`{x}` {x_word} and `{y}` {y_word} stand in two rows"
            ))
            .in_file(&input.name())
            .hint("choose one with --scheme, --method or --layer, or keep the rows of one setting of every other column")
            .into());
        }
        // A point that the sweep found impossible has no value: its cell stays crossed.
        *cell = number;
    }
    Ok(Figure {
        id: "heat".to_owned(),
        caption: format!("{value} over {x} and {y}; {}. Dark is more.", input.name()),
        content: Content::Heat(HeatFigure {
            x: x.clone(),
            y: y.clone(),
            value: value.clone(),
            columns,
            rows,
            values: cells,
        }),
    })
}
