import Tables

/// The keys of a keyboard with the US layout: their names, the characters they give by ASCII code, and their scan codes (IBM
/// PS/2 Hardware Interface Technical Reference, "Keyboards", "Scan Code Set 2"; set 1 is what the controller makes of it).
struct KeyTable: Sendable {
  /// A key.
  struct Key: Sendable {
    let name: String
    /// What precedes its scan code.
    let prefix: [UInt8]
    let set2: UInt8

    /// What the keyboard sends when it goes down, and up.
    var press: [UInt8] { prefix + [set2] }
    var release: [UInt8] { prefix + [0xF0, set2] }
  }

  /// By name in lower case.
  let named: [String: Key]
  /// By character, and whether Shift goes with it.
  let characters: [UInt8: (key: Key, isShifted: Bool)]
  /// From set 2 to set 1.
  let translation: [UInt8: UInt8]

  /// The keys; a test reads the table.
  static let keys = try? KeyTable()

  init() throws(TableError) {
    var named: [String: Key] = [:]
    var characters: [UInt8: (key: Key, isShifted: Bool)] = [:]
    var translation: [UInt8: UInt8] = [:]
    for row in try Table("keys", Self.text).rows {
      let key = Key(
        name: row["name"], prefix: row["prefix"].isEmpty ? [] : [try Self.code(row, "prefix")],
        set2: try Self.code(row, "set2"))
      if !key.name.isEmpty { named[key.name.lowercased()] = key }
      for (column, isShifted) in [("plain", false), ("shifted", true)] where !row[column].isEmpty {
        characters[try Self.code(row, column)] = (key, isShifted)
      }
      translation[key.set2] = try Self.code(row, "set1")
    }
    self.named = named
    self.characters = characters
    self.translation = translation
  }

  private static func code(_ row: Table.Row, _ column: String) throws(TableError) -> UInt8 {
    guard let code = UInt8(row[column], radix: 16) else { throw row.error(column, "'\(row[column])' is no byte") }
    return code
  }

  private static let text: StaticString = """
    name       plain  shifted  prefix  set2  set1
    A          61     41       -       1C    1E
    B          62     42       -       32    30
    C          63     43       -       21    2E
    D          64     44       -       23    20
    E          65     45       -       24    12
    F          66     46       -       2B    21
    G          67     47       -       34    22
    H          68     48       -       33    23
    I          69     49       -       43    17
    J          6A     4A       -       3B    24
    K          6B     4B       -       42    25
    L          6C     4C       -       4B    26
    M          6D     4D       -       3A    32
    N          6E     4E       -       31    31
    O          6F     4F       -       44    18
    P          70     50       -       4D    19
    Q          71     51       -       15    10
    R          72     52       -       2D    13
    S          73     53       -       1B    1F
    T          74     54       -       2C    14
    U          75     55       -       3C    16
    V          76     56       -       2A    2F
    W          77     57       -       1D    11
    X          78     58       -       22    2D
    Y          79     59       -       35    15
    Z          7A     5A       -       1A    2C
    1          31     21       -       16    02
    2          32     40       -       1E    03
    3          33     23       -       26    04
    4          34     24       -       25    05
    5          35     25       -       2E    06
    6          36     5E       -       36    07
    7          37     26       -       3D    08
    8          38     2A       -       3E    09
    9          39     28       -       46    0A
    0          30     29       -       45    0B
    -          60     7E       -       0E    29
    -          2D     5F       -       4E    0C
    -          3D     2B       -       55    0D
    -          5B     7B       -       54    1A
    -          5D     7D       -       5B    1B
    -          5C     7C       -       5D    2B
    -          3B     3A       -       4C    27
    -          27     22       -       52    28
    -          2C     3C       -       41    33
    -          2E     3E       -       49    34
    -          2F     3F       -       4A    35
    Space      20     -        -       29    39
    Enter      0A     -        -       5A    1C
    Tab        09     -        -       0D    0F
    Backspace  08     -        -       66    0E
    Esc        1B     -        -       76    01
    F1         -      -        -       05    3B
    F2         -      -        -       06    3C
    F3         -      -        -       04    3D
    F4         -      -        -       0C    3E
    F5         -      -        -       03    3F
    F6         -      -        -       0B    40
    F7         -      -        -       83    41
    F8         -      -        -       0A    42
    F9         -      -        -       01    43
    F10        -      -        -       09    44
    F11        -      -        -       78    57
    F12        -      -        -       07    58
    Up         -      -        E0      75    48
    Down       -      -        E0      72    50
    Left       -      -        E0      6B    4B
    Right      -      -        E0      74    4D
    Home       -      -        E0      6C    47
    End        -      -        E0      69    4F
    PageUp     -      -        E0      7D    49
    PageDown   -      -        E0      7A    51
    Insert     -      -        E0      70    52
    Delete     -      -        E0      71    53
    Shift      -      -        -       12    2A
    Ctrl       -      -        -       14    1D
    Alt        -      -        -       11    38
    CapsLock   -      -        -       58    3A
    """
}
