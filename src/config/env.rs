//! The names of the environment that set a key: the only place that knows them.
//!
//! Every key has the generic name `FRAMELOOM__SECTION__KEY`; a few have an older name that existing
//! installations already set. Where both are set, the generic one wins.

/// What every generic name begins with.
pub const PREFIX: &str = "FRAMELOOM__";

/// Names that other programs or the original servers gave a setting, and the key that each sets.
pub const ALIASES: [(&str, &str); 3] = [
    ("STREAMING_PORT", "listen.gamecraft.port"),
    ("FRONTEND_PORT", "listen.gamecraft_page.port"),
    ("RUST_LOG", "log.level"),
];

/// The generic name of `key`: `listen.main.port` is `FRAMELOOM__LISTEN__MAIN__PORT`.
pub fn name_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

/// The key that a name means, whether or not there is such a key; `None` for another program's name.
pub fn key_of(name: &str) -> Option<String> {
    let generic = |rest: &str| rest.replace("__", ".").to_lowercase();
    let alias = || {
        ALIASES
            .iter()
            .find(|(alias, _)| *alias == name)
            .map(|(_, key)| (*key).to_owned())
    };
    name.strip_prefix(PREFIX).map(generic).or_else(alias)
}

/// Whether `name` is an alias, which yields to a generic name.
pub(super) fn is_alias(name: &str) -> bool {
    !name.starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generic_name_leads_back_to_its_key() {
        let key = "listen.gamecraft_page.port";
        assert_eq!(name_of(key), "FRAMELOOM__LISTEN__GAMECRAFT_PAGE__PORT");
        assert_eq!(key_of(&name_of(key)).as_deref(), Some(key));
    }

    #[test]
    fn names_of_other_programs_are_not_ours() {
        assert_eq!(key_of("PATH"), None);
        assert_eq!(key_of("FRAMELOOMX"), None);
    }
}
