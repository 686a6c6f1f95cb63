import CPU
import MMU

// Memory in bulk: `writemem`, `loadmem`, `find`.

extension Session {
  /// Bytes that one command moves at most.
  private static let most: UInt64 = 1 << 30

  /// Writes memory, as input that a replay writes again. All of it must be there.
  func write(_ bytes: [UInt8], to address: UInt64, _ level: Expression.Level) throws {
    var pieces: [(UInt64, ArraySlice<UInt8>)] = []
    var done = 0
    while done < bytes.count {
      let (place, overflow) = address.addingReportingOverflow(UInt64(done))
      let count = min(bytes.count - done, Int(0x1000 - place & 0xFFF))
      let physical: UInt64?
      switch level {
      case .linear: physical = processor.physical(of: place)?.value
      case .guestPhysical: physical = processor.physical(ofGuest: place)
      case .physical: physical = place
      }
      guard !overflow, let physical, board.memory.isRAM(PhysicalAddress(physical), bytes: UInt64(count)) else {
        throw Complaint("there is no RAM at \(MemoryView(processor, level).name) \(hex(place))")
      }
      pieces.append((physical, bytes[done..<done + count]))
      done += count
    }
    try edit(pieces.map { .memory($0.0, Array($0.1)) })
  }

  private func level(_ arguments: inout Arguments) -> Expression.Level {
    if arguments.take("physical") { return .physical }
    if arguments.take("guest") { return .guestPhysical }
    _ = arguments.take("linear")
    return .linear
  }

  /// `writemem`.
  func writeMemory(_ arguments: Arguments) throws {
    var arguments = arguments
    guard let path = arguments.word() else { throw Complaint("writemem: a file is missing") }
    let level = level(&arguments)
    guard let address = try value(at: &arguments), let length = try value(at: &arguments) else {
      throw Complaint("writemem FILE [LEVEL] E BYTES")
    }
    try arguments.end()
    guard length <= Session.most else { throw Complaint("at most \(hex(Session.most)) bytes") }
    let view = MemoryView(processor, level)
    let bytes = view.bytes(address, count: Int(length))
    guard bytes.count == Int(length) else {
      throw Complaint("cannot read \(view.name) \(hex(address &+ UInt64(bytes.count)))")
    }
    try HostFile.write(bytes, to: path)
    say("\(length) bytes written to \(path)")
  }

  /// `loadmem`.
  func loadMemory(_ arguments: Arguments) throws {
    var arguments = arguments
    guard let path = arguments.word() else { throw Complaint("loadmem: a file is missing") }
    let level = level(&arguments)
    guard let address = try value(at: &arguments) else { throw Complaint("loadmem FILE [LEVEL] E") }
    try arguments.end()
    let bytes = try HostFile.bytes(path)
    try write(bytes, to: address, level)
    say("\(bytes.count) bytes of \(path) at \(MemoryView(processor, level).name) \(hex(address))")
  }

  /// `find`.
  func find(_ arguments: Arguments) throws {
    var arguments = arguments
    let level = level(&arguments)
    guard let start = try value(at: &arguments), let length = try value(at: &arguments) else {
      throw Complaint("find [LEVEL] E BYTES \"TEXT\", or hexadecimal bytes")
    }
    let pattern = try pattern(&arguments)
    guard length <= 1 << 32 else { throw Complaint("that is too much memory") }
    let view = MemoryView(processor, level)
    var (place, found) = (start, 0)
    let (end, overflow) = start.addingReportingOverflow(length)
    guard !overflow else { throw Complaint("the range ends beyond the last address") }
    while place < end, found < 100 {
      guard !host.flag.isSet else { throw Interrupted() }
      let bytes = view.bytes(place, count: Int(min(end - place, 1 << 20)))
      if bytes.isEmpty {
        // Nothing is mapped: on to the next page.
        let (next, isLast) = (place & ~0xFFF).addingReportingOverflow(0x1000)
        guard !isLast else { break }
        place = next
        continue
      }
      for index in bytes.indices where bytes[index...].starts(with: pattern) {
        found += 1
        say("\(view.level == .linear ? self.place(place + UInt64(index)) : hex(place + UInt64(index)))")
        if found == 100 { break }
      }
      // What begins in this piece may end in the next.
      let step =
        bytes.count > pattern.count && place + UInt64(bytes.count) < end ? bytes.count - pattern.count + 1 : bytes.count
      place += UInt64(step)
    }
    if found == 0 { say("not found") }
  }

  private func pattern(_ arguments: inout Arguments) throws -> [UInt8] {
    let isText = arguments.rest.first == "\""
    var pattern: [UInt8] = []
    while let word = arguments.word() {
      if isText {
        pattern += Array(word.utf8)
        continue
      }
      guard let byte = UInt8(word, radix: 16) else { throw Complaint("'\(word)' is no hexadecimal byte") }
      pattern.append(byte)
    }
    guard !pattern.isEmpty, pattern.count <= 256 else { throw Complaint("what is searched has 1 to 256 bytes") }
    return pattern
  }
}
