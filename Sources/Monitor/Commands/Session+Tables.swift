import CPU
import Machine
import MMU

// What processors and devices hold in tables: `info idt`, `gdt`, `ldt`, `tss`, `lapic`, `ioapic`, `pic`, `pci`, `events`.

extension Session {
  private func words(_ base: UInt64, _ bytes: Int) -> (low: UInt64, high: UInt64)? {
    let read = MemoryView(processor, .linear).bytes(base, count: bytes)
    guard read.count == bytes else { return nil }
    func word(_ slice: ArraySlice<UInt8>) -> UInt64 { slice.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    return (word(read[0..<min(8, bytes)]), bytes > 8 ? word(read[8..<bytes]) : 0)
  }

  /// `info idt`.
  func showIDT(_ arguments: Arguments) throws {
    var arguments = arguments
    let only = try value(at: &arguments)
    try arguments.end()
    let s = processor.state.pointee
    let isReal = s.cr0 & 1 == 0
    let size: UInt64 = isReal ? 4 : s.efer & 1 << 10 != 0 ? 16 : 8
    say("IDT at \(hex(s.idtr.base)), limit \(hex(s.idtr.limit))")
    for vector in only.map({ [$0] }) ?? Array(0..<256 as Range<UInt64>) where vector < 256 {
      guard (vector + 1) * size <= s.idtr.limit &+ 1 else { break }
      guard let (low, high) = words(s.idtr.base &+ vector * size, Int(size)) else {
        return say("cannot read linear \(hex(s.idtr.base &+ vector * size))")
      }
      if isReal {
        if low != 0 || only != nil {
          say("  \(vector)  \(hex(low >> 16 & 0xFFFF, digits: 4)):\(hex(low & 0xFFFF, digits: 4))")
        }
        continue
      }
      guard low >> 47 & 1 != 0 else {
        if only != nil { say("  \(vector)  not present") }
        continue
      }
      let offset = low & 0xFFFF | (low >> 48) << 16 | (high & 0xFFFF_FFFF) << 32
      let kinds: [UInt64: String] = [5: "task gate", 6: "interrupt16", 7: "trap16", 14: "interrupt", 15: "trap"]
      let stack = size == 16 && low >> 32 & 7 != 0 ? " ist \(low >> 32 & 7)" : ""
      say(
        "  \(String(vector).padded(4))\((kinds[low >> 40 & 15] ?? "type \(low >> 40 & 15)").padded(12))"
          + "\(hex(low >> 16 & 0xFFFF, digits: 4)):\(place(offset)) dpl\(low >> 45 & 3)\(stack)")
    }
  }

  /// `info gdt`, `info ldt`.
  func showDescriptors(_ arguments: Arguments, isLocal: Bool) throws {
    try arguments.end()
    let s = processor.state.pointee
    let (base, limit) = isLocal ? (s.ldtr.base, UInt64(s.ldtr.limit)) : (s.gdtr.base, s.gdtr.limit)
    if isLocal, s.ldtr.selector & 0xFFFC == 0 { return say("there is no LDT") }
    say("\(isLocal ? "LDT" : "GDT") at \(hex(base)), limit \(hex(limit))")
    var index: UInt64 = 0
    while (index + 1) * 8 <= limit &+ 1, index < 8192 {
      defer { index += 1 }
      guard let (low, _) = words(base &+ index * 8, 8) else {
        return say("cannot read linear \(hex(base &+ index * 8))")
      }
      guard low != 0 else { continue }
      let isSystem = low >> 44 & 1 == 0
      var start = low >> 16 & 0xFF_FFFF | (low >> 56) << 24
      let kinds: [UInt64: String] = [1: "TSS16", 2: "LDT", 3: "busy TSS16", 9: "TSS", 11: "busy TSS", 12: "call gate"]
      let isWide = isSystem && s.efer & 1 << 10 != 0
      if isWide, let (high, _) = words(base &+ index * 8 &+ 8, 8) { start |= (high & 0xFFFF_FFFF) << 32 }
      let raw = low & 0xFFFF | (low >> 48 & 15) << 16
      let size = low >> 55 & 1 != 0 ? raw << 12 | 0xFFF : raw
      let kind = isSystem ? kinds[low >> 40 & 15] ?? "system \(low >> 40 & 15)" : low >> 43 & 1 != 0 ? "code" : "data"
      let flags =
        (low >> 47 & 1 != 0 ? " P" : "") + (low >> 53 & 1 != 0 ? " L" : "") + (low >> 54 & 1 != 0 ? " D/B" : "")
      say(
        "  \(hex(index * 8, digits: 4)) \(kind.padded(10))base \(hex(start)) limit \(hex(size)) dpl\(low >> 45 & 3)\(flags)"
      )
      if isWide { index += 1 }
    }
  }

  /// `info tss`.
  func showTSS(_ arguments: Arguments) throws {
    try arguments.end()
    let s = processor.state.pointee
    say("TR \(hex(UInt64(s.tr.selector), digits: 4)), TSS at \(hex(s.tr.base)), limit \(hex(UInt64(s.tr.limit)))")
    let view = MemoryView(processor, .linear)
    let isLong = s.efer & 1 << 10 != 0
    var fields: [(String, UInt64, Int)] = [("I/O map", 102, 2)]
    if isLong {
      for number in 0..<3 as Range<UInt64> { fields.append(("RSP\(number)", 4 + number * 8, 8)) }
      for number in 1..<8 as Range<UInt64> { fields.append(("IST\(number)", 28 + number * 8, 8)) }
    } else {
      fields += [("ESP0", 4, 4), ("SS0", 8, 2), ("ESP1", 12, 4), ("SS1", 16, 2), ("CR3", 28, 4), ("EIP", 32, 4)]
    }
    let size = UInt64(s.tr.limit) + 1
    for (name, offset, bytes) in fields where offset + UInt64(bytes) <= size {
      say("  \(name.padded(9))\(hex(try view.value(s.tr.base &+ offset, bytes: bytes)))")
    }
  }

  /// `info lapic`.
  func showLocalAPIC(_ arguments: Arguments) throws {
    try arguments.end()
    let apic = processor.apic
    say(
      "local APIC \(apic.id), \(apic.mode), at \(hex(apic.base & ~0xFFF))\(apic.isSoftwareEnabled ? "" : ", disabled")")
    let names: [(Int, String)] = [
      (0x08, "TPR"), (0x0A, "PPR"), (0x0D, "LDR"), (0x0E, "DFR"), (0x0F, "SVR"), (0x28, "ESR"), (0x30, "ICR low"),
      (0x31, "ICR high"), (0x32, "LVT timer"), (0x33, "LVT thermal"), (0x34, "LVT PMC"), (0x35, "LVT LINT0"),
      (0x36, "LVT LINT1"), (0x37, "LVT error"), (0x38, "initial count"), (0x39, "current count"), (0x3E, "divide"),
    ]
    for (number, name) in names {
      guard let value = apic.read(number, at: processor.state.pointee.cycles) else { continue }
      say("  \(name.padded(15))\(hex(UInt64(value), digits: 8))")
    }
    for (first, name) in [(0x10, "ISR"), (0x18, "TMR"), (0x20, "IRR")] {
      let vectors = (0..<256).filter { vector in
        (apic.read(first + vector / 32, at: processor.state.pointee.cycles) ?? 0) >> UInt32(vector % 32) & 1 != 0
      }
      say("  \(name.padded(15))\(vectors.isEmpty ? "-" : vectors.map { String($0) }.joined(separator: " "))")
    }
  }

  /// `info ioapic`.
  func showIOAPIC(_ arguments: Arguments) throws {
    try arguments.end()
    for (pin, entry) in board.redirections.enumerated() {
      var words = ["mode \(entry >> 8 & 7)", "to \(entry >> 56)"]
      words.append(entry >> 15 & 1 != 0 ? "level" : "edge")
      words.append(entry >> 13 & 1 != 0 ? "low" : "high")
      words.append(entry >> 11 & 1 != 0 ? "logical" : "physical")
      if entry >> 16 & 1 != 0 { words.append("masked") }
      say("  pin \(String(pin).padded(3))vector \(String(entry & 0xFF).padded(4))\(words.joined(separator: ", "))")
    }
  }

  /// `info pic`.
  func showPIC(_ arguments: Arguments) throws {
    try arguments.end()
    for (name, value) in board.interruptControllers { say("  \(name.padded(12))\(hex(value, digits: 2))") }
  }

  /// `info pci`.
  func showPCI(_ arguments: Arguments) throws {
    try arguments.end()
    for (device, function, registers) in board.pciFunctions where registers.count >= 16 {
      func half(_ offset: Int) -> UInt64 { UInt64(registers[offset]) | UInt64(registers[offset + 1]) << 8 }
      say(
        "  00:\(Hexadecimal.text(UInt64(device), digits: 2)).\(function)  \(Hexadecimal.text(half(0), digits: 4)):"
          + "\(Hexadecimal.text(half(2), digits: 4))  class \(Hexadecimal.text(half(10), digits: 4))  command "
          + hex(half(4), digits: 4))
    }
  }

  /// `info events`.
  func showEvents(_ arguments: Arguments) throws {
    try arguments.end()
    if let next = board.nextEvent {
      say("\(next.isMessage ? "a message between processors" : "a device's event") at cycle \(next.cycle)")
    } else {
      say("no message is on its way, and no device will do anything by itself")
    }
    for (number, processor) in board.processors.enumerated() {
      if let timer = processor.nextTimerEvent { say("cpu\(number): APIC timer at cycle \(timer)") }
    }
  }
}
