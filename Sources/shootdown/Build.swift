/// What the program says of itself.
enum Build {
  /// Version of the command line and the formats.
  static let version = "0.1"
  /// The commit it was built from; `make` writes it in the environment of the build.
  static let commit = "development"
}
