import CPU
import Machine

/// A place that says, when a processor passes it, that this processor takes its shootdowns for done.
public enum Marker: Equatable, Sendable {
  /// A write to an I/O port.
  case port(UInt16)
  /// An instruction, by the symbol it lies at.
  case symbol(String)
  /// The VM entry behind a VMCALL: a hypercall has returned.
  case hypercall

  /// As the command line and scenarios write it: `0x80` or `128`, `symbol:NAME`, `hypercall`; nil: it is none.
  public init?(_ text: String) {
    if text == "hypercall" {
      self = .hypercall
    } else if text.hasPrefix("symbol:"), text.count > 7 {
      self = .symbol(String(text.dropFirst(7)))
    } else {
      let isHexadecimal = text.lowercased().hasPrefix("0x")
      guard let port = UInt16(isHexadecimal ? String(text.dropFirst(2)) : text, radix: isHexadecimal ? 16 : 10) else {
        return nil
      }
      self = .port(port)
    }
  }
}

extension Marker {
  /// As it is written.
  var text: String {
    switch self {
    case .port(let port): "0x" + String(port, radix: 16)
    case .symbol(let name): "symbol:" + name
    case .hypercall: "hypercall"
    }
  }
}

/// The markers of a run. Those by symbol stop the run, which changes nothing in it, and let it go on.
public struct Markers {
  /// A symbol that nobody knows.
  public struct UnknownSymbol: Error, CustomStringConvertible {
    /// Its name.
    public let name: String
    /// One line.
    public var description: String { "there is no symbol '\(name)' for a marker" }
  }

  /// Linear addresses of instructions.
  public let addresses: Set<UInt64>

  /// Sets an oracle's markers.
  ///
  /// - Throws: `UnknownSymbol`.
  public init(
    _ markers: [Marker], _ oracle: Oracle, _ board: borrowing Board, _ symbols: SymbolIndex
  ) throws(UnknownSymbol) {
    var addresses: Set<UInt64> = []
    for marker in markers {
      switch marker {
      case .port(let port): oracle.mark(port: port, of: board)
      case .hypercall: oracle.marksHypercalls = true
      case .symbol(let name):
        guard let address = symbols.address(of: name) else { throw UnknownSymbol(name: name) }
        addresses.insert(address)
      }
    }
    self.addresses = addresses
  }

  /// Whether the run has stopped at a marker alone, of which the oracle is told, and is to go on.
  public func take(_ end: RunEnd, _ oracle: Oracle, _ board: borrowing Board, until others: Set<UInt64> = []) -> Bool {
    guard end == .conditionMet, !addresses.isEmpty else { return false }
    var isMarker = false
    for (number, processor) in board.processors.enumerated() where processor.isAtStopAddress {
      let state = processor.state.pointee
      let address = processor.state.is64Bit ? state.rip : (state.codeBase &+ state.rip) & 0xFFFF_FFFF
      guard addresses.contains(address), !others.contains(address) else { return false }
      oracle.markerPassed(by: number)
      isMarker = true
    }
    return isMarker
  }
}
