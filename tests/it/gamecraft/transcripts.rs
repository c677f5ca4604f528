//! Every route of the dialect, as goldens of what goes over the wire.

use crate::support::{
    pictures,
    server::Server,
    transcript::{self, Values},
};

/// Plays one golden against a server with these settings.
macro_rules! golden {
    ($($test:ident: $file:literal, $settings:expr;)+) => {$(
        #[test]
        fn $test() {
            let server = Server::with_settings($settings);
            play(&server, include_str!(concat!("../../golden/gamecraft/", $file)), Values::new());
        }
    )+};
}

golden! {
    health_tells_the_models_state: "health.txt", "";
    a_stream_starts_with_the_originals_defaults: "start_defaults.txt", "";
    a_stream_starts_with_an_inline_picture: "start_inline.txt", "";
    all_eleven_parameters_are_echoed: "start_all.txt", "";
    what_cannot_start_a_stream_is_refused_by_name: "start_refused.txt", "";
    controls_are_checked_in_the_originals_order: "control.txt", "";
    a_stopped_stream_is_gone: "stop.txt", "";
    unknown_routes_and_methods_are_refused_in_json: "unknown.txt", "";
    every_answer_may_be_read_by_every_origin: "cors.txt", "";
    a_full_server_refuses_and_says_when_to_come_back: "full.txt", "[gamecraft]\nmax_streams = 2\nretry_after_s = 7\n";
    odd_names_of_streams_find_nothing: "names.txt", "";
}

fn play(server: &Server, transcript: &str, mut values: Values) {
    let picture = pictures::base64(&pictures::png(16, 16));
    let values_of_all = [
        ("picture", picture),
        (
            "truncated",
            pictures::base64(&pictures::jpeg(64, 64)[..300]),
        ),
        (
            "bomb",
            pictures::base64(&pictures::png_header(30_000, 30_000)),
        ),
        ("text", pictures::base64(b"this is no picture at all\n")),
        ("4001 characters", "x".repeat(4001)),
        ("very long", "y".repeat(5000)),
    ];
    values.extend(values_of_all.map(|(name, value)| (name.to_owned(), value)));
    transcript::play(server.addr("gamecraft"), transcript, values);
}

#[test]
fn a_path_may_only_name_a_file_inside_the_assets_directory() {
    let dir = tempfile::tempdir().unwrap();
    let assets = dir.path().join("assets");
    std::fs::create_dir(&assets).unwrap();
    std::fs::write(assets.join("hall.png"), pictures::png(64, 64)).unwrap();
    let outside = dir.path().join("outside.png");
    std::fs::write(&outside, pictures::png(64, 64)).unwrap();
    std::os::unix::fs::symlink(&outside, assets.join("link.png")).unwrap();
    let server = Server::with_settings(&format!(
        "[gamecraft]\nassets_dir = \"{}\"\n",
        assets.display()
    ));
    let outside = outside.to_str().unwrap().to_owned();
    let transcript = include_str!("../../golden/gamecraft/start_asset.txt");
    play(
        &server,
        transcript,
        Values::from([("outside".into(), outside)]),
    );
}
