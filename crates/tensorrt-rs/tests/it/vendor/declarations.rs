//! What a header declares: the pure virtual methods of a class, and a class that implements them all.

use std::fmt::Write;

/// A method as a header declares it.
struct Declared {
    returns: String,
    name: String,
    takes: Vec<String>,
    constant: bool,
}

/// The pure virtual methods of a class, in their order.
fn methods(header: &str, class: &str) -> Vec<Declared> {
    let start = header
        .find(&format!("class {class} : public VRoot"))
        .unwrap();
    let body = &header[start..];
    let body = &body[body.find('{').unwrap() + 1..body.find("\n};").unwrap()];
    let mut left_out = false;
    let lines = body.lines().filter(|line| {
        // What is between these is switched off; the switches are the vendor's own.
        left_out = (left_out || line.starts_with("#if ENABLE_")) && !line.starts_with("#endif");
        !left_out && !line.starts_with('#')
    });
    let lines = lines.map(|line| line.split("//").next().unwrap());
    let body: Vec<&str> = lines.collect();
    let body = body.join(" ").replace("TRT_NODISCARD", "");
    let pure = body
        .split(';')
        .filter_map(|one| one.split_once("virtual")?.1.trim().strip_suffix("= 0"));
    pure.map(declared).collect()
}

fn declared(text: &str) -> Declared {
    let (head, rest) = text.split_once('(').unwrap();
    let (takes, tail) = rest.rsplit_once(')').unwrap();
    let (returns, name) = head.trim().rsplit_once([' ', '*', '&']).unwrap();
    let returns = &head[..head.find(returns).unwrap() + returns.len() + 1];
    let takes = takes
        .split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty());
    Declared {
        returns: returns.trim().into(),
        name: name.trim().into(),
        takes: takes.map(kind).collect(),
        constant: tail.contains("const"),
    }
}

/// A parameter's type, without its name if it has one.
fn kind(parameter: &str) -> String {
    let named = parameter
        .rsplit_once([' ', '*', '&'])
        .filter(|(_, name)| !name.is_empty());
    let end = named.map_or(parameter.len(), |(_, name)| parameter.len() - name.len());
    parameter[..end].trim().into()
}

/// A class that implements all of `class`.
pub fn implementation(header: &str, class: &str) -> String {
    let mut text = format!("struct My{class} : {class} {{\n");
    for method in methods(header, class) {
        let numbered = method.takes.iter().enumerate();
        let takes: Vec<String> = numbered.map(|(at, kind)| format!("{kind} p{at}")).collect();
        let given: String = (0..takes.len()).map(|at| format!(", p{at}")).collect();
        let Declared { returns, name, .. } = &method;
        let constant = if method.constant { "const" } else { "" };
        let takes = takes.join(", ");
        writeln!(text, "{returns} {name}({takes}) {constant} noexcept override {{ return answer<{returns}>(\"{name}\"{given}); }}").unwrap();
    }
    text + "};\n"
}
