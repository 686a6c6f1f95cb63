import CPU
import Layout
import MMU
import Testing

/// FXSAVE and XSAVE images byte by byte, and the x87 instructions that are about state (SDM Vol. 1, "Managing State Using
/// the XSAVE Feature Set"; Vol. 2, each instruction's page).
@Suite struct SaveAreaTests {
  private static let area = VectorMachine.data
  private static let fxsave: [UInt8] = [0x0F, 0xAE, 0x03]
  private static let fxrstor: [UInt8] = [0x0F, 0xAE, 0x0B]
  private static let xsave: [UInt8] = [0x0F, 0xAE, 0x23]
  private static let xrstor: [UInt8] = [0x0F, 0xAE, 0x2B]
  private static let xsaveopt: [UInt8] = [0x0F, 0xAE, 0x33]
  private static let xrstors: [UInt8] = [0x0F, 0xC7, 0x1B]
  private static let xsavec: [UInt8] = [0x0F, 0xC7, 0x23]
  private static let xsaves: [UInt8] = [0x0F, 0xC7, 0x2B]

  private static func wide(_ bytes: [UInt8]) -> [UInt8] { [0x48] + bytes }

  /// A machine whose operand is at the area, and XCR0 = 3.
  private static func machine() throws -> VectorMachine {
    let machine = try VectorMachine()
    machine.state.vectors.pointee.xcr0 = 3
    machine.state[.rbx] = area
    return machine
  }

  /// Random vector and x87 state without a pending error.
  private static func fill(_ machine: VectorMachine, _ random: inout SplitMix64) {
    machine.randomize(&random)
    machine.state[.rbx] = area
    let vectors = machine.state.vectors
    vectors.pointee.fpuControl = UInt16(truncatingIfNeeded: random.next()) & 0x1F00 | 0x7F
    vectors.pointee.mxcsr = UInt32(truncatingIfNeeded: random.next()) & 0xFFFF
    vectors.pointee.fpuInstruction = random.next()
    vectors.pointee.fpuData = random.next()
    vectors.pointee.fpuOpcode = UInt16(truncatingIfNeeded: random.next()) & 0x7FF
    vectors.pointee.fpuCodeSelector = UInt16(truncatingIfNeeded: random.next())
    vectors.pointee.fpuDataSelector = UInt16(truncatingIfNeeded: random.next())
    for number in 0..<8 { machine.state[fpu: number].signAndExponent = random.next() & 0xFFFF }
  }

  private static func put(_ value: UInt64, _ count: Int, at offset: Int, _ image: inout [UInt8]) {
    image.replaceSubrange(offset..<offset + count, with: littleEndian(value, count))
  }

  private static func putX87(_ machine: VectorMachine, wide: Bool, _ image: inout [UInt8]) {
    let state = machine.state.vectors.pointee
    put(UInt64(state.fpuControl), 2, at: 0, &image)
    put(UInt64(state.fpuStatus), 2, at: 2, &image)
    put(UInt64(state.fpuFull), 2, at: 4, &image)
    put(UInt64(state.fpuOpcode), 2, at: 6, &image)
    if wide {
      put(state.fpuInstruction, 8, at: 8, &image)
      put(state.fpuData, 8, at: 16, &image)
    } else {
      put(state.fpuInstruction, 4, at: 8, &image)
      put(UInt64(state.fpuCodeSelector), 4, at: 12, &image)
      put(state.fpuData, 4, at: 16, &image)
      put(UInt64(state.fpuDataSelector), 4, at: 20, &image)
    }
    for index in 0..<8 {
      // ST(i), counted from TOP.
      let register = machine.state[fpu: (Int(state.fpuStatus) >> 11 + index) & 7]
      put(register.significand, 8, at: 32 + index * 16, &image)
      put(register.signAndExponent, 8, at: 40 + index * 16, &image)
    }
  }

  private static func putXMM(_ machine: VectorMachine, _ image: inout [UInt8]) {
    for number in 0..<16 {
      image.replaceSubrange(160 + number * 16..<176 + number * 16, with: machine.xmm(number))
    }
  }

  private static func putMXCSR(_ machine: VectorMachine, _ image: inout [UInt8]) {
    put(UInt64(machine.state.vectors.pointee.mxcsr), 4, at: 24, &image)
    put(0xFFFF, 4, at: 28, &image)
  }

  // MARK: FXSAVE, FXRSTOR

  @Test(arguments: [false, true], [false, true])
  func fxsaveImage(_ isWide: Bool, _ savesXMM: Bool) throws {
    let machine = try SaveAreaTests.machine()
    var random = SplitMix64(state: 1)
    for round in 0..<200 as Range<UInt64> {
      SaveAreaTests.fill(machine, &random)
      let address = SaveAreaTests.area + round % 256 * 16
      machine.state[.rbx] = address
      if !savesXMM { machine.state.pointee.cr4 &= ~(1 << 9) }
      var image = random.bytes(512)
      machine.write(image, at: address)
      SaveAreaTests.putX87(machine, wide: isWide, &image)
      SaveAreaTests.putMXCSR(machine, &image)
      if savesXMM { SaveAreaTests.putXMM(machine, &image) }
      let before = machine.snapshot
      #expect(machine.run(isWide ? SaveAreaTests.wide(SaveAreaTests.fxsave) : SaveAreaTests.fxsave) == .done)
      #expect(machine.snapshot == before)
      try #require(machine.read(512, at: address) == image)
    }
  }

  @Test(arguments: [false, true])
  func fxrstorBringsBack(_ isWide: Bool) throws {
    let machine = try SaveAreaTests.machine()
    var random = SplitMix64(state: 2)
    for _ in 0..<200 {
      SaveAreaTests.fill(machine, &random)
      let kept = machine.snapshot
      let pointers = machine.state.vectors.pointee
      let save = isWide ? SaveAreaTests.wide(SaveAreaTests.fxsave) : SaveAreaTests.fxsave
      let restore = isWide ? SaveAreaTests.wide(SaveAreaTests.fxrstor) : SaveAreaTests.fxrstor
      #expect(machine.run(save) == .done)
      SaveAreaTests.fill(machine, &random)
      #expect(machine.run(restore) == .done)
      try #require(machine.snapshot.xmm == kept.xmm)
      try #require(machine.snapshot.fpu == kept.fpu)
      try #require(machine.snapshot.control == kept.control)
      let now = machine.state.vectors.pointee
      let mask: UInt64 = isWide ? .max : 0xFFFF_FFFF
      #expect(now.fpuInstruction == pointers.fpuInstruction & mask && now.fpuData == pointers.fpuData & mask)
      #expect(now.fpuCodeSelector == (isWide ? 0 : pointers.fpuCodeSelector))
      #expect(now.fpuDataSelector == (isWide ? 0 : pointers.fpuDataSelector))
      #expect(now.fpuOpcode == pointers.fpuOpcode)
    }
  }

  /// Reserved bits of MXCSR fault before anything is loaded; reserved bits of the control word do not stay; the summary of
  /// pending errors follows from flags and masks.
  @Test func fxrstorOfOddImages() throws {
    let machine = try SaveAreaTests.machine()
    var random = SplitMix64(state: 3)
    SaveAreaTests.fill(machine, &random)
    #expect(machine.run(SaveAreaTests.fxsave) == .done)
    let before = machine.snapshot
    for bit in 16..<32 as Range<UInt64> {
      machine.write(littleEndian(1 << bit, 4), at: SaveAreaTests.area + 24)
      machine.write([0, 0], at: SaveAreaTests.area)
      #expect(machine.run(SaveAreaTests.fxrstor) == .fault(13, error: 0))
      #expect(machine.snapshot.xmm == before.xmm && machine.snapshot.control == before.control)
    }
    machine.write(littleEndian(0x1F80, 4), at: SaveAreaTests.area + 24)
    machine.write([0xBF, 0xFF, 0x00, 0x80], at: SaveAreaTests.area)
    #expect(machine.run(SaveAreaTests.fxrstor) == .done)
    #expect(machine.state.vectors.pointee.fpuControl == 0x1F7F)
    #expect(machine.state.vectors.pointee.fpuStatus == 0)
    machine.write([0x7E, 0x03, 0x01, 0x00], at: SaveAreaTests.area)
    #expect(machine.run(SaveAreaTests.fxrstor) == .done)
    #expect(machine.state.vectors.pointee.fpuStatus == 0x8081)
    #expect(machine.run([0x0F, 0x77]) == .fault(16, error: nil))
    #expect(machine.run([0xDB, 0xE2]) == .done)
    #expect(machine.run([0x0F, 0x77]) == .done)
  }

  // MARK: XSAVE

  /// A component in its initial configuration.
  private static func initialize(_ machine: VectorMachine, _ component: Int) {
    if component == 0 {
      #expect(machine.run([0xDB, 0xE3]) == .done)
      for number in 0..<8 { machine.state[fpu: number] = .init() }
    } else {
      for number in 0..<16 { machine.state[xmm: number] = .zero }
    }
  }

  @Test func xsaveImages() throws {
    let machine = try SaveAreaTests.machine()
    var random = SplitMix64(state: 4)
    let forms = [SaveAreaTests.xsave, SaveAreaTests.xsaveopt, SaveAreaTests.xsavec, SaveAreaTests.xsaves]
    for (number, bytes) in forms.enumerated() {
      let isCompacted = number >= 2
      for bits in 0..<256 as Range<UInt64> {
        SaveAreaTests.fill(machine, &random)
        let isWide = bits & 1 != 0
        let asked = bits >> 1 & 3
        let x87IsInitial = bits & 8 != 0
        let sseIsInitial = bits & 16 != 0
        machine.state.vectors.pointee.xcr0 = bits & 32 != 0 ? 3 : 1
        if x87IsInitial { SaveAreaTests.initialize(machine, 0) }
        if sseIsInitial { SaveAreaTests.initialize(machine, 1) }
        if bits & 64 != 0 { machine.state.vectors.pointee.mxcsr = 0x1F80 }
        let requested = asked & machine.state.vectors.pointee.xcr0
        var inUse: UInt64 = (x87IsInitial ? 0 : 1) | (sseIsInitial ? 0 : 2)
        if isCompacted && machine.state.vectors.pointee.mxcsr != 0x1F80 { inUse |= 2 }
        machine.state[.rax] = random.next() & ~0xFFFF_FFFF | asked
        machine.state[.rdx] = random.next() & ~0xFFFF_FFFF
        machine.state[.rbx] = SaveAreaTests.area + bits * 64
        var image = random.bytes(640)
        machine.write(image, at: machine.state[.rbx])
        let old = fromLittleEndian(image[512..<520])

        let saved = number == 0 ? requested : requested & inUse
        if saved & 1 != 0 { SaveAreaTests.putX87(machine, wide: isWide, &image) }
        if saved & 2 != 0 { SaveAreaTests.putXMM(machine, &image) }
        if isCompacted ? saved & 2 != 0 : requested & 2 != 0 { SaveAreaTests.putMXCSR(machine, &image) }
        let components = isCompacted ? requested & inUse : old & ~requested | requested & inUse
        SaveAreaTests.put(components, 8, at: 512, &image)
        if isCompacted { SaveAreaTests.put(requested | 1 << 63, 8, at: 520, &image) }
        #expect(machine.run(isWide ? SaveAreaTests.wide(bytes) : bytes) == .done)
        try #require(machine.read(640, at: machine.state[.rbx]) == image, "\(bytes), \(bits)")
      }
    }
  }

  @Test func xrstorLoadsAndInitializes() throws {
    let machine = try SaveAreaTests.machine()
    var random = SplitMix64(state: 5)
    for bits in 0..<512 as Range<UInt64> {
      let isCompacted = bits & 1 != 0
      let isSupervisor = isCompacted && bits & 2 != 0
      let held = bits >> 2 & 3
      let asked = bits >> 4 & 3
      SaveAreaTests.fill(machine, &random)
      let source = machine.snapshot
      #expect(machine.run(SaveAreaTests.fxsave) == .done)
      machine.write([UInt8](repeating: 0, count: 64), at: SaveAreaTests.area + 512)
      machine.put(held, at: SaveAreaTests.area + 512)
      machine.put(isCompacted ? 1 << 63 | held : 0, at: SaveAreaTests.area + 520)
      SaveAreaTests.fill(machine, &random)
      machine.state[.rax] = asked
      machine.state[.rdx] = 0
      var expected = machine.snapshot
      if asked & 1 != 0 {
        expected.fpu = held & 1 != 0 ? source.fpu : Array(repeating: [0, 0], count: 8)
        expected.control[0] = held & 1 != 0 ? source.control[0] : 0x37F
        expected.control[1] = held & 1 != 0 ? source.control[1] : 0
        expected.control[2] = held & 1 != 0 ? source.control[2] : 0
      }
      if asked & 2 != 0 {
        expected.xmm = held & 2 != 0 ? source.xmm : Array(repeating: [UInt8](repeating: 0, count: 16), count: 16)
        expected.control[3] = !isCompacted || held & 2 != 0 ? source.control[3] : 0x1F80
      }
      #expect(machine.run(isSupervisor ? SaveAreaTests.xrstors : SaveAreaTests.xrstor) == .done)
      try #require(machine.snapshot == expected, "\(bits)")
    }
  }

  @Test func xrstorRefusesBadHeaders() throws {
    let machine = try SaveAreaTests.machine()
    machine.state[.rax] = 3
    machine.state[.rdx] = 0
    func header(_ words: [UInt64], mxcsr: UInt64 = 0x1F80) {
      machine.write([UInt8](repeating: 0, count: 576), at: SaveAreaTests.area)
      machine.write(littleEndian(mxcsr, 4), at: SaveAreaTests.area + 24)
      for (index, word) in words.enumerated() { machine.put(word, at: SaveAreaTests.area + 512 + UInt64(index) * 8) }
    }
    let compacted: UInt64 = 1 << 63
    let protection = VectorMachine.End.fault(13, error: 0)
    let cases: [([UInt64], standard: Bool, supervisor: Bool)] = [
      ([0, 0], true, false), ([3, 0], true, false), ([4, 0], false, false), ([1 << 63, 0], false, false),
      ([0, 1], false, false), ([0, 0, 1], false, false), ([0, 0, 0, 1], true, false),
      ([3, compacted | 3], true, true), ([1, compacted | 3], true, true), ([0, compacted], true, true),
      ([2, compacted | 1], false, false), ([0, compacted | 4], false, false), ([4, compacted | 4], false, false),
      ([0, compacted | 3, 1], false, false), ([0, compacted | 3, 0, 0, 0, 0, 0, 1 << 63], false, false),
      ([compacted, compacted | 3], false, false),
    ]
    for (words, user, supervisor) in cases {
      header(words)
      #expect(machine.run(SaveAreaTests.xrstor) == (user ? .done : protection), "\(words)")
      #expect(machine.run(SaveAreaTests.xrstors) == (supervisor ? .done : protection), "\(words), XRSTORS")
    }
    // MXCSR counts in the standard form whenever it is asked for, in the compacted one only when it is there.
    header([0, 0], mxcsr: 1 << 16)
    #expect(machine.run(SaveAreaTests.xrstor) == protection)
    header([0, compacted | 3], mxcsr: 1 << 16)
    #expect(machine.run(SaveAreaTests.xrstor) == .done)
    header([2, compacted | 3], mxcsr: 1 << 16)
    #expect(machine.run(SaveAreaTests.xrstor) == protection)
    machine.state[.rax] = 1
    header([3, 0], mxcsr: 1 << 16)
    #expect(machine.run(SaveAreaTests.xrstor) == .done)
  }

  // MARK: XCR0

  @Test func extendedControlRegisters() throws {
    let machine = try VectorMachine()
    let xgetbv: [UInt8] = [0x0F, 0x01, 0xD0]
    let xsetbv: [UInt8] = [0x0F, 0x01, 0xD1]
    let protection = VectorMachine.End.fault(13, error: 0)
    machine.state[.rcx] = ~0 << 32
    #expect(machine.run(xgetbv) == .done)
    #expect(machine.state[.rax] == 1 && machine.state[.rdx] == 0)
    machine.state[.rdx] = 0
    for value in 0..<16 as Range<UInt64> {
      machine.state[.rax] = value
      #expect(machine.run(xsetbv) == (value == 1 || value == 3 ? .done : protection), "\(value)")
    }
    machine.state[.rax] = 1
    machine.state[.rdx] = 1 << 30
    #expect(machine.run(xsetbv) == protection)
    machine.state[.rdx] = 0
    machine.state[.rcx] = 1
    #expect(machine.run(xsetbv) == protection)
    machine.state[.rcx] = 2
    #expect(machine.run(xgetbv) == protection)
    machine.state[.rcx] = 1
    SaveAreaTests.initialize(machine, 0)
    SaveAreaTests.initialize(machine, 1)
    machine.state.vectors.pointee.xcr0 = 3
    for (mxcsr, lane, control, expected) in [
      (0x1F80, 0, 0x37F, 0), (0x1F81, 0, 0x37F, 2), (0x1F80, 1, 0x37F, 2), (0x1F80, 0, 0x27F, 1),
    ] as [(UInt32, UInt64, UInt16, UInt64)] {
      machine.state.vectors.pointee.mxcsr = mxcsr
      machine.state[xmm: 15][1] = lane
      machine.state.vectors.pointee.fpuControl = control
      #expect(machine.run(xgetbv) == .done)
      #expect(machine.state[.rax] == expected)
    }
    machine.state.pointee.cr4 &= ~(1 << 18)
    #expect(machine.run(xgetbv) == .fault(6, error: nil))
    #expect(machine.run(xsetbv) == .fault(6, error: nil))
  }

  // MARK: x87 control

  @Test func powerUp() throws {
    let machine = try VectorMachine()
    let vectors = machine.state.vectors
    #expect(vectors.pointee.fpuControl == 0x40 && vectors.pointee.fpuStatus == 0 && vectors.pointee.fpuFull == 0xFF)
    #expect(vectors.pointee.mxcsr == 0x1F80 && vectors.pointee.xcr0 == 1)
    #expect(machine.run([0xDB, 0xE3]) == .done)
    #expect(vectors.pointee.fpuControl == 0x37F && vectors.pointee.fpuStatus == 0 && vectors.pointee.fpuFull == 0)
  }

  @Test func controlAndStatusWords() throws {
    let machine = try SaveAreaTests.machine()
    let vectors = machine.state.vectors
    for value in [0, 0xFFFF, 0x037F, 0x0C7F, 0x1234] as [UInt64] {
      vectors.pointee.fpuStatus = 0
      machine.write(littleEndian(value, 2), at: SaveAreaTests.area)
      #expect(machine.run([0xD9, 0x2B]) == .done)
      #expect(machine.run([0xD9, 0x3B]) == .done)
      #expect(machine.read(2, at: SaveAreaTests.area) == littleEndian(value & 0x1F3F | 0x40, 2))
    }
    // Unmasking what has happened makes it pending; clearing it, or masking it, does not.
    vectors.pointee.fpuControl = 0x37F
    vectors.pointee.fpuStatus = 0x7824
    #expect(machine.run([0xDF, 0xE0]) == .done)
    #expect(machine.state[.rax] & 0xFFFF == 0x7824)
    machine.write([0x5B, 0x03], at: SaveAreaTests.area)
    #expect(machine.run([0xD9, 0x2B]) == .done)
    #expect(machine.run([0xDD, 0x3B]) == .done)
    #expect(machine.read(2, at: SaveAreaTests.area) == [0xA4, 0xF8])
    #expect(machine.run([0xD9, 0x2B]) == .fault(16, error: nil))
    #expect(machine.run([0xDB, 0xE2]) == .done)
    #expect(vectors.pointee.fpuStatus == 0x7800)
    #expect(machine.run([0xD9, 0x2B]) == .done)
  }

  /// EMMS empties every register and leaves their contents.
  @Test func emms() throws {
    let machine = try SaveAreaTests.machine()
    var random = SplitMix64(state: 6)
    machine.randomize(&random)
    let before = machine.snapshot
    #expect(machine.run([0x0F, 0x77]) == .done)
    var expected = before
    expected.control[1] &= ~0x3800
    expected.control[2] = 0
    #expect(machine.snapshot == expected)
  }
}
