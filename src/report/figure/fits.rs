//! Whether the latents of a trained network are nearer to Gauss or to Laplace, layer by layer.

use super::{Choice, Input, single, table::Table};
use signloop_base::Result;
use signloop_plot::{Axis, Content, DataPoint, Figure, Marks, PointFigure, PointSeries};

/// Kolmogorov-Smirnov distances to both fits, a point for every layer and part; from the
/// `fits.csv` of `signloop train`.
pub(super) fn fits(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let input = single(inputs, "fits")?;
    let table = Table::read(input)?;
    let (layers, parts) = (table.words("layer")?, table.words("part")?);
    let (gauss, laplace) =
        (table.numbers("normal_ks", false)?, table.numbers("laplace_ks", false)?);
    let mut series: Vec<PointSeries> = Vec::new();
    let mut nearer = 0;
    for (((layer, part), x), y) in layers.iter().zip(&parts).zip(&gauss).zip(&laplace) {
        if !choice.layers.is_empty() && !choice.layers.iter().any(|own| own == layer) {
            continue;
        }
        nearer += usize::from(y < x);
        let point = DataPoint::at(*x, *y);
        match series.iter_mut().find(|own| own.name == *part) {
            Some(own) => own.points.push(point),
            None => series.push(PointSeries {
                name: (*part).to_owned(),
                points: vec![point],
                marks: Marks::Markers,
            }),
        }
    }
    let count: usize = series.iter().map(|own| own.points.len()).sum();
    let most = gauss.iter().chain(&laplace).copied().fold(0.0, f64::max);
    series.push(PointSeries {
        name: "equal".to_owned(),
        points: vec![DataPoint::at(0.0, 0.0), DataPoint::at(most, most)],
        marks: Marks::Reference,
    });
    Ok(Figure {
        id: "fits".to_owned(),
        caption: format!(
            "Kolmogorov-Smirnov distances of the latent weights of each layer to their Gauss and Laplace fits \
             (maximum likelihood); {}. {nearer} of {count} points lie below the line: nearer to Laplace.",
            input.name()
        ),
        content: Content::Points(PointFigure {
            x: Axis::from_zero("distance to the Gauss fit", "normal_ks"),
            y: Axis::from_zero("distance to the Laplace fit", "laplace_ks"),
            series,
        }),
    })
}
