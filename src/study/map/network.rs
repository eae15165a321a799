//! The front of a network from the fronts of its layers.

use crate::report::map::{LayerMap, NetworkPoint, Solved};

/// Choices of one mapping a layer that no other choice beats by a weighted sum of energy and
/// cycles, least energy first.
///
/// From the mappings of least energy on, the layer that pays least energy for a cycle saved moves
/// on along the convex part of its front.
pub(super) fn network_front(layers: &[LayerMap]) -> Vec<NetworkPoint> {
    let mut steps: Vec<(f64, f64, u64)> = Vec::new();
    let mut point = NetworkPoint { energy_pj: 0.0, cycles: 0 };
    for layer in layers {
        let hull = convex(&layer.front);
        let Some(first) = hull.first() else { continue };
        point.energy_pj += first.energy_pj;
        point.cycles += first.cycles;
        steps.extend(hull.windows(2).map(|pair| {
            let energy = pair[1].energy_pj - pair[0].energy_pj;
            let cycles = pair[0].cycles - pair[1].cycles;
            (energy / cycles as f64, energy, cycles)
        }));
    }
    steps.sort_by(|first, second| first.0.total_cmp(&second.0));
    let mut front = vec![point];
    for (_, energy, cycles) in steps {
        point.energy_pj += energy;
        point.cycles -= cycles;
        front.push(point);
    }
    front
}

/// The lower convex hull of a front, least energy first.
fn convex(front: &[Solved]) -> Vec<&Solved> {
    let mut hull: Vec<&Solved> = Vec::new();
    for own in front {
        // The price of a cycle must rise along the hull.
        while let [.., before, last] = hull[..] {
            let price = |from: &Solved, to: &Solved| {
                (to.energy_pj - from.energy_pj) / (from.cycles - to.cycles) as f64
            };
            if price(before, last) <= price(last, own) {
                break;
            }
            hull.pop();
        }
        hull.push(own);
    }
    hull
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(points: &[(f64, u64)]) -> LayerMap {
        let front = points
            .iter()
            .map(|(energy_pj, cycles)| Solved {
                energy_pj: *energy_pj,
                cycles: *cycles,
                utilization: 1.0,
                compute_pj: 0.0,
                level_pj: Vec::new(),
                mapping: String::new(),
            })
            .collect();
        LayerMap {
            layer: String::new(),
            scheme: String::new(),
            macs: 1,
            density: 1.0,
            search: "complete",
            scored: 0,
            fitted: 0,
            chosen: 0,
            front,
            statistical: None,
        }
    }

    #[test]
    fn the_networks_front_is_the_hull_of_all_choices() {
        let layers =
            [layer(&[(1.0, 90), (2.0, 50), (4.0, 45), (5.0, 10)]), layer(&[(3.0, 40), (9.0, 20)])];
        let front = network_front(&layers);
        // (4, 45) lies above the line from (2, 50) to (5, 10).
        let points: Vec<(f64, u64)> = front.iter().map(|own| (own.energy_pj, own.cycles)).collect();
        assert_eq!(points, [(4.0, 130), (5.0, 90), (8.0, 50), (14.0, 30)]);
        for first in &layers[0].front {
            for second in &layers[1].front {
                let (energy, cycles) =
                    (first.energy_pj + second.energy_pj, first.cycles + second.cycles);
                for price in [0.01, 0.05, 0.1, 0.2, 0.5, 1.0] {
                    let cost = |energy: f64, cycles: u64| energy + price * cycles as f64;
                    let best = points.iter().map(|own| cost(own.0, own.1)).fold(f64::MAX, f64::min);
                    assert!(cost(energy, cycles) >= best - 1e-12);
                }
            }
        }
    }
}
