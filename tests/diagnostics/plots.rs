//! What does a user see for each input that no figure can be made from?

use std::path::PathBuf;

use signloop::{
    Error,
    report::figure::{Choice, Input, recipe},
};

fn input(name: &str, text: &str) -> Input {
    Input { path: PathBuf::from(name), bytes: text.as_bytes().to_vec() }
}

fn refused(figure: &str, inputs: &[Input], choice: &Choice) -> String {
    let found = recipe(figure).unwrap_or_else(|error| panic!("{error:?}")).figure(inputs, choice);
    let Err(Error::Input(problems)) = found else { panic!("{figure} was drawn: {found:?}") };
    format!("{figure}\n{}\n", problems.render(false))
}

fn report(arch: &str, layer: &str) -> String {
    format!(
        r#"{{"schema": "signloop-report-1", "arch": "{arch}", "workload": "w", "seed": 1, "totals": [],
        "layers": [{{"name": "{layer}", "quantized": true, "results": [{{"scheme": "binary",
        "method": "zero-skip", "ops": {{"adds_total": 3}}}}]}}]}}"#
    )
}

#[test]
fn reports() {
    let none = Choice::default();
    let (a, b) = (report("a", "conv1"), report("b", "conv2"));
    let mut text = refused("energy", &[input("r.json", "{")], &none);
    text += &refused("energy", &[input("r.json", r#"{"schema": "other"}"#)], &none);
    text += &refused("energy", &[input("r.json", &a)], &none);
    text += &refused("reduction", &[input("r.json", &a)], &none);
    text += &refused("ops", &[input("a.json", &a), input("b.json", &b)], &none);
    text += &refused("ops", &[input("a.json", &a), input("again.json", &a)], &none);
    text += &refused("ecm", &[input("a.json", &a), input("b.json", &b)], &none);
    text += &refused("roofline", &[input("a.json", &a)], &none);
    let ternary = Choice { schemes: vec!["ternary".to_owned()], ..Choice::default() };
    text += &refused("ops", &[input("a.json", &a)], &ternary);
    text += &refused("patterns", &[input("s.json", "[]")], &none);
    text += &refused("patterns", &[input("s.json", r#"[{"scheme": "binary"}]"#)], &none);
    insta::assert_snapshot!(text);
}

#[test]
fn tables() {
    let none = Choice::default();
    let header = "series,effectual_params,top1_percent,label\n";
    let rows = |rows: &str| input("runs.csv", &format!("{header}{rows}"));
    let mut text = refused("accuracy", &[rows("")], &none);
    text += &refused("accuracy", &[rows("binary,1e5\n")], &none);
    text += &refused("accuracy", &[rows("binary,-3,90,a\nbinary,nan,90,b\n")], &none);
    text +=
        &refused("accuracy", &[input("runs.csv", "series,effectual,top1_percent\nb,1,2\n")], &none);
    text += &refused("heat", &[rows("binary,1e5,90,a\n")], &none);
    let columns =
        |names: [&str; 3]| Choice { columns: Some(names.map(str::to_owned)), ..Choice::default() };
    let twice = rows("binary,1e5,90,a\nbinary,1e5,91,a\n");
    text += &refused("heat", &[twice], &columns(["series", "label", "top1_percent"]));
    text += &refused("heat", &[rows("b,1,2,c\n")], &columns(["series", "lable", "top1_percent"]));
    text += &refused("latents", &[input("w.safetensors", "")], &none);
    insta::assert_snapshot!(text);
}

#[test]
fn unknown_figures_and_entries() {
    let figure = recipe("energie").err().unwrap();
    let entries = ["ops-tabel", "nothing"].map(str::to_owned);
    let entries = signloop::study::reproduce::entries(&entries).err().unwrap();
    let figure = signloop::base::diagnostics::Problems::from(figure);
    insta::assert_snapshot!(format!("{}\n\n{}", figure.render(false), entries.render(false)));
}

#[test]
fn outputs_of_other_commands() {
    let none = Choice::default();
    let json = |text: &str| [input("out.json", text)];
    let mut text = String::new();
    // Another command's output, a missing field, a value that cannot be, nothing to show.
    for (figure, content) in [
        ("crosscheck", "{}"),
        (
            "crosscheck",
            r#"{"rows": [{"scheme": "binary", "method": "row-pattern", "layer": "a"}]}"#,
        ),
        (
            "crosscheck",
            r#"{"rows": [{"scheme": "b", "method": "m", "layer": "a", "activations": "fp32",
            "measured_us": 0, "predicted_us": 1}]}"#,
        ),
        ("crosscheck", r#"{"rows": []}"#),
        ("speed", "[]"),
        ("speed", r#"{"layers": []}"#),
        ("speed", r#"{"layers": [{"layer": "a", "scheme": "tertiary"}]}"#),
        ("gain", "{}"),
        ("gain", r#"[{"throughput_ratio": 1, "arch": "stc", "scheme": "ternary"}]"#),
        ("gain", r#"[{"throughput_ratio": 0}]"#),
        ("gain", "[]"),
        ("pareto", r#"{"totals": [{"scheme": "binary"}]}"#),
        ("pareto", "[]"),
        ("pareto", r#"{"totals": [], "workload": "w", "arch": "a", "evaluations_per_layer": 1}"#),
    ] {
        text += &refused(figure, &json(content), &none);
    }
    let two = [input("a.json", "[]"), input("b.json", "[]")];
    text += &refused("gain", &two, &none);
    text += &refused("fits", &[input("fits.csv", "layer,part\na,all\n")], &none);
    let heat = |rows: &str| [input("sweep.csv", &format!("a,b,scheme,cycles\n{rows}"))];
    let columns = ["a", "b", "cycles"].map(str::to_owned);
    let over = Choice { columns: Some(columns), ..Choice::default() };
    text += &refused("heat", &heat("1,2,binary,many\n"), &over);
    text += &refused("heat", &heat("1,2,binary,3\n1,2,ternary,4\n"), &over);
    text += &refused("heat", &heat("1,2,binary,\n"), &over);
    insta::assert_snapshot!(text);
}

#[test]
fn training_runs() {
    let none = Choice::default();
    let file = |name: &str| input(name, "no tensors");
    let mut text = refused("accuracy", &[file("run/checkpoint.safetensors")], &none);
    let mixed = [file("run/checkpoint.safetensors"), file("runs.csv")];
    text += &refused("accuracy", &mixed, &none);
    insta::assert_snapshot!(text);
}

/// What `reproduce` says of each kind of file that it is given, where the file is not what it should be.
#[test]
fn files_given_to_reproduce() {
    use signloop::study::reproduce::{Context, Given, Work, entries, run};
    let said = |only: &str, given: Given| {
        let chosen = entries(&[only.to_owned()]).unwrap();
        let context = Context::new(true, given, Work::new(None, |_| ())).unwrap();
        let Err(error) = run(&chosen, &context, &|_| ()) else { panic!("{only} was decided") };
        let text = match error {
            Error::Input(problems) => problems.render(false),
            other => other.to_string(),
        };
        format!("{only}\n{text}\n")
    };
    let measured =
        |text: &str| Given { measured: Some(input("measured.json", text)), ..Given::default() };
    let runs = |name: &str, text: &str| Given { runs: vec![input(name, text)], ..Given::default() };
    let row =
        r#"{"layer": "a", "scheme": "binary", "method": "row-pattern", "activations": "fp32""#;
    let header = "series,effectual_params,top1_percent,label\n";
    let mut text = String::new();
    for content in [
        "",
        "[]",
        "{\"layers\": [",
        r#"{"layers": []}"#,
        r#"{"layers": [{"scheme": "binary"}]}"#,
        &format!(r#"{{"layers": [{row}, "min_us": "fast"}}]}}"#),
        &format!(r#"{{"layers": [{row}, "min_us": -1}}]}}"#),
    ] {
        text += &said("speed-up", measured(content));
    }
    text += &said("accuracy", runs("runs.csv", ""));
    text += &said("accuracy", runs("runs.csv", header));
    text += &said("accuracy", runs("runs.csv", &format!("{header}binary,many,90,a\n")));
    text += &said("accuracy", runs("run/checkpoint.safetensors", "cut short"));
    let folder = Some(PathBuf::from("/no/such/folder"));
    text += &said("trained-fashion", Given { fashion_mnist: folder, ..Given::default() });
    insta::assert_snapshot!(text);
}
