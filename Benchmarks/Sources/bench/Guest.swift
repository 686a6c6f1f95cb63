import ArgumentParser

/// A benchmark guest: a program of `Guests/`, by the name of its file.
enum Guest: String, CaseIterable, ExpressibleByArgument, Encodable {
  case empty, sieve, crc, strings, qsort, calls, rep, alu
  /// Exits, and what hypervisors do.
  case cpuid, cpuidvpid, vmcall, pages, eptpages, vmcs, cr3, invept
  /// What only this project's emulator is compared with itself on.
  case together, stale, fresh, tables, plain, far

  /// Plain code.
  static let compute: [Guest] = [.sieve, .crc, .strings, .qsort, .calls, .rep, .alu]
  /// Round trips through exits.
  static let exits: [Guest] = [.cpuid, .cpuidvpid, .vmcall, .pages, .eptpages]
  /// The guests that are timed on every emulator. `empty` is run for what an emulator needs to start and to end.
  static let measured = compute + exits + [.vmcs, .cr3, .invept]

  /// Whether the geometric mean counts this guest: plain code. A string instruction is one instruction of any length,
  /// which says nothing of how fast instructions are.
  var isInMean: Bool { self != .rep && Guest.compute.contains(self) }

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
      case .cpuid, .cpuidvpid: "d6d6b8688d2ccfb6"
      case .vmcall: "01a34f049e312dbe"
      case .pages: "559e3e933bd18a7b"
      case .eptpages: "f9eadc265d8e0348"
      case .vmcs: "cc74dcb98d4e73c0"
      case .cr3: "f3fb0718dcb97060"
      case .invept: "c326988c347a82ac"
      case .together: "6c0c1093106623f8"
      case .stale: "fa3d6d1c97aede80"
      // It never ends.
      case .far: ""
      case .fresh, .tables, .plain: "c666431decd4b100"
      }
    return "\(rawValue) checksum=\(checksum)"
  }
}
