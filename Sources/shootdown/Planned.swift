import Tables

/// Commands and options of the design that are not built yet: refused by name, with what will bring them.
enum Planned {
  private static let table: StaticString = """
    name             what
    explore          the search for interleavings
    replay           replay of recordings
    --snapshot       snapshots
    --restore        snapshots
    --record         recordings
    --gdb            the gdb server
    --html           reports
    --perfetto       reports
    --split-rmw      split read-modify-writes
    --color          colours
    """

  /// Refuses the first argument that names something planned.
  static func check(_ arguments: [String]) throws {
    let rows = try Table("planned", table).rows
    for (index, argument) in arguments.enumerated() {
      if argument == "--" { return }
      let name = argument.split(separator: "=", maxSplits: 1).first.map(String.init) ?? argument
      for row in rows where row["name"] == name && (name.hasPrefix("--") || index == 0) {
        throw Misuse("'\(name)' is not built yet (\(row["what"])); see docs/COVERAGE.md")
      }
    }
  }
}
