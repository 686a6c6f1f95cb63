import BuildCommit

/// What the program says of itself.
enum Build {
  /// Version of the command line and the formats.
  static let version = "0.1"
  /// The commit it was built from.
  static var commit: String { String(cString: buildCommit()) }
}
