import CPU
import Layout
import MMU
import Machine

/// Expressions of a processor: its registers, the symbols, and memory as it sees it.
struct ProcessorContext: ExpressionContext {
  private let processor: Processor
  private let symbols: SymbolIndex

  init(_ session: Session, _ number: Int) {
    processor = session.board.processors[number]
    symbols = session.symbols
  }

  func value(named name: String) throws(Complaint) -> UInt64 {
    if name.hasPrefix("'") {
      guard let address = symbols.address(of: String(name.dropFirst())) else {
        throw Complaint("there is no symbol '\(name.dropFirst())'")
      }
      return address
    }
    if name.hasPrefix("vmcs.") { return try processor.field(named: String(name.dropFirst(5))) }
    let isRegister = name.hasPrefix("$")
    if let value = RegisterName.value(isRegister ? String(name.dropFirst()) : name, of: processor) { return value }
    guard !isRegister, let address = symbols.address(of: name) else {
      throw Complaint("there is no register\(isRegister ? "" : " or symbol") '\(name)'")
    }
    return address
  }

  func modelSpecific(_ index: UInt64) throws(Complaint) -> UInt64 {
    guard let number = UInt32(exactly: index), let value = processor.peek(modelSpecific: number) else {
      throw Complaint("the model has no model-specific register \(hex(index))")
    }
    return value
  }

  func memory(_ level: Expression.Level, _ address: UInt64, bytes: Int) throws(Complaint) -> UInt64 {
    try MemoryView(processor, level).value(address, bytes: bytes)
  }
}

/// Memory at a level, for a person: reading it changes nothing, and devices are not read.
struct MemoryView {
  let processor: Processor
  let level: Expression.Level

  init(_ processor: Processor, _ level: Expression.Level) {
    self.processor = processor
    self.level = level
  }

  /// Bytes as far as there are any.
  func bytes(_ address: UInt64, count: Int) -> [UInt8] {
    guard level != .linear else { return processor.peek(address, count: count) }
    if level == .guestPhysical { return guestBytes(address, count: count) }
    let memory = processor.memory
    var bytes: [UInt8] = []
    while bytes.count < count {
      let (place, overflow) = address.addingReportingOverflow(UInt64(bytes.count))
      let inPage = min(UInt64(count - bytes.count), 0x1000 - place & 0xFFF)
      guard !overflow, let host = memory.host(PhysicalAddress(place), bytes: inPage) else { break }
      bytes += UnsafeRawBufferPointer(start: host, count: Int(inPage))
    }
    return bytes
  }

  private func guestBytes(_ address: UInt64, count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let (place, overflow) = address.addingReportingOverflow(UInt64(bytes.count))
      let inPage = min(UInt64(count - bytes.count), 0x1000 - place & 0xFFF)
      guard !overflow, let physical = processor.physical(ofGuest: place),
        let host = processor.memory.host(PhysicalAddress(physical), bytes: inPage)
      else { break }
      bytes += UnsafeRawBufferPointer(start: host, count: Int(inPage))
    }
    return bytes
  }

  /// A little-endian value.
  func value(_ address: UInt64, bytes count: Int) throws(Complaint) -> UInt64 {
    let bytes = bytes(address, count: count)
    guard bytes.count == count else { throw Complaint("cannot read \(name) \(hex(address))") }
    return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The level's name.
  var name: String {
    switch level {
    case .linear: "linear"
    case .guestPhysical: "guest-physical"
    case .physical: "physical"
    }
  }
}
