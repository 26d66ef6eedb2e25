//! The `tollcast` binary: all it does is in the library's `cli` room.

fn main() -> std::process::ExitCode {
    tollcast::cli::main()
}
