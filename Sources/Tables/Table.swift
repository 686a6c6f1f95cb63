/// A text table: facts of the field as data, one row a fact.
///
/// The first line that is neither empty nor a comment is the header; `#` starts a comment at a line's beginning. Cells
/// are separated by two or more spaces, so a cell may contain single ones; `-` is an empty cell. Rows may leave out
/// trailing cells. Tables are `StaticString`s because a literal of a thousand structs takes gigabytes to compile.
public struct Table: Sendable {
  /// One row, with the line it came from for messages.
  public struct Row: Sendable {
    /// The table's name, for messages.
    public let table: String
    /// The row's line in the table's text, from 1.
    public let line: Int
    let columns: [String: Int]
    let cells: [String]

    /// The cell under a column, empty when it is `-` or left out.
    public subscript(column: String) -> String {
      guard let index = columns[column], index < cells.count, cells[index] != "-" else { return "" }
      return cells[index]
    }

    /// An error that names this row and a column.
    public func error(_ column: String, _ problem: String) -> TableError {
      TableError(table: table, line: line, column: column, problem: problem)
    }
  }

  /// The table's name, for messages.
  public let name: String
  /// The header's cells.
  public let columns: [String]
  /// Every row, in order.
  public let rows: [Row]

  /// Reads a table.
  ///
  /// - Throws: `TableError` when there is no header, a header repeats a name, or a row has more cells than the header.
  public init(_ name: String, _ text: StaticString) throws(TableError) {
    try self.init(name, text: text.description)
  }

  /// Reads a table from text that is not part of the program.
  public init(_ name: String, text: String) throws(TableError) {
    self.name = name
    var header: [String]?
    var index: [String: Int] = [:]
    var rows: [Row] = []
    let lines = Array(text.utf8).split(separator: Table.lineFeed, omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() {
      let cells = Table.cells(of: line)
      guard let first = cells.first, !first.hasPrefix("#") else { continue }
      guard let columns = header else {
        for (position, cell) in cells.enumerated() {
          guard index.updateValue(position, forKey: cell) == nil else {
            throw TableError(table: name, line: number + 1, column: cell, problem: "is named twice in the header")
          }
        }
        header = cells
        continue
      }
      guard cells.count <= columns.count else {
        throw TableError(
          table: name, line: number + 1, column: columns.last ?? "",
          problem: "the row has \(cells.count) cells, the header \(columns.count)")
      }
      rows.append(Row(table: name, line: number + 1, columns: index, cells: cells))
    }
    guard let header else { throw TableError(table: name, line: 1, column: "", problem: "the table has no header") }
    self.columns = header
    self.rows = rows
  }

  private static let (lineFeed, carriageReturn, space) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: " "))

  /// Cells of a line; bytes, since characters take a tenth of a second for all tables.
  private static func cells(of line: ArraySlice<UInt8>) -> [String] {
    var cells: [String] = []
    // A cell, and where the last byte of it lies behind which there was no space.
    var start: Int?
    var end = line.startIndex
    func finish() {
      if let start { cells.append(String(decoding: line[start..<end], as: UTF8.self)) }
    }
    for (index, byte) in zip(line.indices, line) where byte != space && byte != carriageReturn {
      if start == nil || index > end + 1 {
        finish()
        start = index
      }
      end = index + 1
    }
    finish()
    return cells
  }
}

extension String {
  /// A cell with a word in place of a gap; most have none, and looking for it as `replacing` does takes longer than reading the
  /// table.
  public func filled(_ gap: StaticString, with word: String) -> String {
    utf8.contains(gap.utf8Start.pointee) ? replacing(gap.description, with: word) : self
  }
}

/// What is wrong in a table, and where.
public struct TableError: Error, Equatable, CustomStringConvertible {
  /// The table's name.
  public let table: String
  /// The line in its text, from 1.
  public let line: Int
  /// The column's name.
  public let column: String
  /// What is wrong.
  public let problem: String

  /// Describes a problem in a table.
  public init(table: String, line: Int, column: String, problem: String) {
    self.table = table
    self.line = line
    self.column = column
    self.problem = problem
  }

  /// `table:line: column: problem`.
  public var description: String { "\(table):\(line): \(column.isEmpty ? "" : column + ": ")\(problem)" }
}
