import ArgumentParser

/// A benchmark guest: a program of `Guests/`, by the name of its file.
enum Guest: String, CaseIterable, ExpressibleByArgument, Encodable {
  case empty, sieve, crc, strings, qsort, calls, rep, alu

  /// The guests that are timed. `empty` is run for what an emulator needs to start and to end.
  static let measured = allCases.filter { $0 != .empty }

  /// Whether the geometric mean counts this guest. A string instruction is one instruction of any length, which says
  /// nothing of how fast instructions are.
  var isInMean: Bool { self != .rep }

  /// The line a correct emulator prints on COM1. It follows from the guest's source alone, whatever compiled it, and
  /// is to be changed with it.
  var expectedLine: String {
    let checksum =
      switch self {
      case .empty: "0000000000000000"
      case .sieve: "13fbcb5e8c77a40e"
      case .crc: "403bb677869a0152"
      case .strings: "c4c089cccc92f72b"
      case .qsort: "2fe88668300eb069"
      case .calls: "61e0cba69809dee8"
      case .rep: "1fa2d300184873ad"
      case .alu: "991c6a1378a24ec4"
      }
    return "\(rawValue) checksum=\(checksum)"
  }
}
