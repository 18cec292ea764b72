//! `flowctl completions` and `flowctl man`.

use crate::empty;

#[test]
fn a_script_for_every_shell() {
    let environment = empty();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = environment.flowctl(&["completions", shell]).out();
        assert!(script.contains("auto-approve"), "{shell}");
    }
    let _ = environment.flowctl(&["completions", "cmd"]).code(1);
}

#[test]
fn a_page_for_every_command() {
    let environment = empty();
    let page = environment.flowctl(&["man", "state", "mv"]).out();
    assert!(page.contains("Give instances in state another address"));
    assert!(environment.flowctl(&["man"]).out().contains(".TH flowctl"));
    environment.write("//- pages/.keep\n");
    let _ = environment.flowctl(&["man", "--dir=pages"]).success();
    let pages = environment.list("pages");
    assert!(pages.contains(&"flowctl.1".to_owned()));
    assert!(pages.contains(&"flowctl-state-mv.1".to_owned()));
    let _ = environment.flowctl(&["man", "nothing"]).code(1);
}
