import Tables
import Testing

/// Errors of the table parser name the table, the line and the column (`TableError`).
@Suite struct TableErrorTests {
  private func failure(of text: String) -> TableError? {
    do {
      _ = try Table("parts", text: text)
      return nil
    } catch {
      return error
    }
  }

  /// `Table.init`: a header that repeats a name is refused at the repeated name.
  @Test func headerNamesAreDistinct() throws {
    let error = try #require(failure(of: "# parts\nname  code  name\none  1  2"))
    #expect(error.table == "parts")
    #expect(error.line == 2)
    #expect(error.column == "name")
    #expect(error.description == "parts:2: name: is named twice in the header")
  }

  /// `Table.init`: a row with more cells than the header is refused, with both counts.
  @Test func rowsHaveNoMoreCellsThanTheHeader() throws {
    let error = try #require(failure(of: "name  code\none  1\n\n# comment\ntwo  2  3  4"))
    #expect(error.line == 5)
    #expect(error.column == "code")
    #expect(error.problem.contains("4 cells"))
    #expect(error.problem.contains("header 2"))
    #expect(error.description.hasPrefix("parts:5: code: "))
  }

  /// `Table.init`: the first of several bad rows is the one named.
  @Test func theFirstBadRowIsNamed() throws {
    #expect(try #require(failure(of: "name\na\nb  c\nd  e")).line == 3)
  }

  /// `Table.init`: text without a header is refused: empty, blank, or comments only.
  @Test(arguments: ["", "\n\n", "   \n  ", "# name  code\n# one  1"])
  func textWithoutAHeaderIsRefused(_ text: String) throws {
    let error = try #require(failure(of: text))
    #expect(error == TableError(table: "parts", line: 1, column: "", problem: "the table has no header"))
    #expect(error.description == "parts:1: the table has no header")
  }

  /// `Table.Row.error`: a reader's own complaint carries the row's table and line and the column it names.
  @Test func rowsMakeErrorsOfTheirOwn() throws {
    let table = try Table("parts", text: "name  code\none  1\ntwo  x")
    let row = try #require(table.rows.last)
    let error = row.error("code", "'x' is no number")
    #expect(error == TableError(table: "parts", line: 3, column: "code", problem: "'x' is no number"))
    #expect(error.description == "parts:3: code: 'x' is no number")
  }
}
