import Tables
import Testing

/// The shared table parser holds to its own contract (`Table`): what a cell is, what is left out, what is refused.
@Suite struct TableTests {
  /// `Table`: cells are separated by two or more spaces, so a cell may hold single ones; indentation does not count.
  @Test func cellsAreSeparatedByTwoSpaces() throws {
    let table = try Table(
      "parts",
      text: """
            name    what it is      code
          one     a single space  1
        two words  x                     22
        """)
    #expect(table.name == "parts")
    #expect(table.columns == ["name", "what it is", "code"])
    #expect(table.rows.map { $0["name"] } == ["one", "two words"])
    #expect(table.rows.map { $0["what it is"] } == ["a single space", "x"])
    #expect(table.rows.map { $0["code"] } == ["1", "22"])
  }

  /// `Table`: spaces behind the last cell make no cell of their own.
  @Test func trailingSpacesAreNoCell() throws {
    let table = try Table("parts", text: "name  code   \none  1    \ntwo  2 ")
    #expect(table.columns == ["name", "code"])
    #expect(table.rows.map { $0["code"] } == ["1", "2"])
  }

  /// `Table`: `#` starts a comment at a line's beginning, before the header too, and only there.
  @Test func commentsAndEmptyLinesAreNoRows() throws {
    let table = try Table(
      "parts",
      text: """
        # name  code

        name  code
          # one  1
        two  #2

        """)
    #expect(table.columns == ["name", "code"])
    #expect(table.rows.map { $0["name"] } == ["two"])
    #expect(table.rows.map { $0["code"] } == ["#2"])
  }

  /// `Table`: rows carry the line of the text that they came from, comments and empty lines counted.
  @Test func rowsKnowTheirLine() throws {
    let table = try Table("parts", text: "\n# comment\nname  code\n\none  1\n# comment\ntwo  2")
    #expect(table.rows.map(\.line) == [5, 7])
    #expect(table.rows.allSatisfy { $0.table == "parts" })
  }

  /// `Table`: `-` is an empty cell; a hyphen inside a cell is not.
  @Test func hyphenIsAnEmptyCell() throws {
    let table = try Table("parts", text: "name  code  note\none  -  a - b\n-  --  -1")
    #expect(table.rows.map { $0["name"] } == ["one", ""])
    #expect(table.rows.map { $0["code"] } == ["", "--"])
    #expect(table.rows.map { $0["note"] } == ["a - b", "-1"])
  }

  /// `Table`: rows may leave out trailing cells; a column that does not exist is empty too.
  @Test func trailingCellsMayBeLeftOut() throws {
    let table = try Table("parts", text: "name  code  note\none\ntwo  2\nthree  3  x")
    #expect(table.rows.map { $0["code"] } == ["", "2", "3"])
    #expect(table.rows.map { $0["note"] } == ["", "", "x"])
    #expect(table.rows.map { $0["colour"] } == ["", "", ""])
  }

  /// `Table`: a table of a header only is a table.
  @Test func headerAloneIsEnough() throws {
    let table = try Table("parts", text: "name  code")
    #expect(table.columns == ["name", "code"])
    #expect(table.rows.isEmpty)
  }

  /// `Table`: a `StaticString` and a string of the same text give the same table.
  @Test func staticTextReadsTheSame() throws {
    let text: StaticString = "name  section\nADD  ADD—Add\n"
    let fromStatic = try Table("parts", text)
    let fromString = try Table("parts", text: "name  section\nADD  ADD—Add\n")
    #expect(fromStatic.columns == fromString.columns)
    #expect(fromStatic.rows.map { $0["section"] } == ["ADD—Add"])
    #expect(fromString.rows.map { $0["section"] } == ["ADD—Add"])
  }
}
