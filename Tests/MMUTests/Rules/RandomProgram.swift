import EPTTLB
import Layout
import MMU

/// A machine that does at random whatever makes, uses and ends mappings, beside a `RuleModel` for each processor.
final class RandomProgram {
  /// What a processor runs as: the host, or one of its guests.
  struct Context {
    var mode = PagingMode.fourLevel
    var root: UInt64
    var pcid: UInt16 = 0
    var vpid: UInt16 = 0
    var ept: EPTControls?
    var hasPCIDs = true
    var writeProtect = true
    var executeDisable = true
    var globalPages = true
    var preventsExecution = false
    var preventsAccess = false
    var alignmentCheck = false
    var keys: (user: UInt32, supervisor: UInt32) = (0, 0)
    var pointers = SIMD4<UInt64>.zero
    var isUser = false

    var controls: PagingControls {
      let isLong = mode.isLong
      let tag = Tag(vpid: vpid, pcid: isLong && hasPCIDs ? pcid : 0, ep4ta: ept?.tag ?? 0)
      var controls = PagingControls(
        root: mode == .none ? 0 : root, writeProtect: mode != .none && writeProtect,
        executeDisable: (isLong || mode == .pae) && executeDisable, globalPages: mode != .none && globalPages,
        physicalBits: 40, tag: tag, mode: mode, pageSizeExtensions: mode == .twoLevel)
      if mode != .none {
        controls.supervisorExecutionPrevention = preventsExecution
        controls.supervisorAccessPrevention = preventsAccess
        controls.alignmentCheck = preventsAccess && alignmentCheck
      }
      if isLong { (controls.userKeys, controls.supervisorKeys) = keys }
      controls.ept = ept
      if mode == .pae { controls.pointers = pointers }
      return controls
    }
  }

  private final class Processor {
    let raw: UnsafeMutableRawPointer
    let translation: Translation
    let model: RuleModel
    /// The host first.
    var contexts: [Context]
    var current = 0

    init(_ memory: PhysicalMemory, _ policy: RetentionPolicy) {
      raw = .allocate(byteCount: StateAllocation, alignment: 4096)
      raw.initializeMemory(as: UInt8.self, repeating: 0, count: StateAllocation)
      contexts = (0..<5).map { Context(root: StructurePages.level4.pages[$0 % 3] << 12) }
      for number in 1..<5 {
        // Two guests share a VPID, one has that of the host, and two share an EPT.
        contexts[number].vpid = [0, 1, 1, 0, 2][number]
        contexts[number].ept = number == 4 ? nil : EPTControls(pointer: number == 2 ? 0x1401E : 0x1301E)
      }
      translation = Translation(
        state: raw.bindMemory(to: ProcessorState.self, capacity: 1), memory: memory, policy: policy,
        controls: contexts[0].controls, walkReferenceCycles: 1, usesHostPointers: false)
      model = RuleModel(translation)
    }

    deinit {
      model.detach()
      raw.deallocate()
    }

    var context: Context {
      get { contexts[current] }
      set { contexts[current] = newValue }
    }
    var tag: Tag { translation.controls.tag }
    /// Switches to what the context says by now, and invalidates nothing.
    func use() { translation.use(context.controls, isUser: context.isUser) }
  }

  private let memory: PhysicalMemory
  private let processors: [Processor]
  private var random: SplitMix64
  /// Operations done.
  private(set) var steps = 0

  init(processors count: Int, policy: RetentionPolicy, random: SplitMix64) throws {
    memory = try PhysicalMemory(size: StructurePages.memorySize)
    self.random = random
    StructurePages.fill(memory, &self.random)
    let memory = memory
    processors = (0..<count).map { _ in Processor(memory, policy) }
  }

  /// How often each thing happened, on all processors.
  var seen: [String: Int] {
    processors.reduce(into: [:]) { $0.merge($1.model.seen, uniquingKeysWith: +) }
  }

  /// Does so many operations; what no rule explains, or nil.
  func run(_ count: Int) -> String? {
    for _ in 0..<count {
      step()
      steps += 1
      for (number, processor) in processors.enumerated() {
        if let problem = processor.model.problem { return "step \(steps), processor \(number): \(problem)" }
      }
    }
    return nil
  }

  private func step() {
    let processor = random.pick(processors)
    switch random.below(1000) {
    case 0..<660: access(processor)
    case 660..<800: StructurePages.store(memory, &random)
    case 800..<860: switchContext(processor)
    case 860..<900: changeControls(processor)
    case 900..<990: invalidate(processor)
    case 990..<995: byItself(processor)
    default: rewriteGuest(processor)
    }
  }

  private func address() -> UInt64 { random.pick(StructurePages.addresses) | random.below(0x1000) }

  private func access(_ processor: Processor) {
    let choice = random.below(20)
    let isUser = random.percent(20) ? !processor.context.isUser : processor.context.isUser
    let access = Access(
      isWrite: choice < 7, isFetch: (7..<10).contains(choice), isUser: isUser,
      isImplicit: choice == 19 && !isUser)
    _ = processor.model.access(address(), access)
  }

  // MARK: Contexts

  /// VM entries and exits, in their order: what they invalidate, then what is in force.
  private func switchContext(_ processor: Processor) {
    let guest = processor.current == 0 ? 1 + Int(random.below(4)) : processor.current
    let hasVPID = processor.contexts[guest].vpid != 0
    processor.model.perform(hasVPID ? .nothing : .transitionWithoutVPID) {
      processor.translation.invalidate(.transition(isVPIDEnabled: hasVPID))
      processor.current = processor.current == 0 ? guest : 0
      processor.use()
    }
  }

  /// The hypervisor gives a guest another state: nothing is invalidated, whatever was cached under its tags.
  private func rewriteGuest(_ processor: Processor) {
    let number = 1 + Int(random.below(4))
    guard number != processor.current else { return }
    var guest = processor.contexts[number]
    guest.mode = random.pick([.none, .twoLevel, .pae, .fourLevel, .fourLevel, .fiveLevel])
    guest.root = root(guest.mode)
    guest.pcid = UInt16(random.below(3))
    guest.ept = random.percent(80) ? EPTControls(pointer: eptp()) : nil
    guest.ept?.modeBasedExecute = random.percent(30)
    for index in 0..<4 { guest.pointers[index] = random.pick([7, 8, 9]) << 12 | 1 }
    processor.contexts[number] = guest
  }

  private func eptp() -> UInt64 {
    let isFive = random.percent(20)
    return (isFive ? 18 : random.pick([19, 20])) << 12 | (isFive ? 4 : 3) << 3 | (random.percent(50) ? 1 << 6 : 0) | 6
  }

  private func root(_ mode: PagingMode) -> UInt64 {
    switch mode {
    case .none: 0
    case .twoLevel: random.pick(StructurePages.directories32.pages) << 12
    case .pae: StructurePages.pointers.pages[0] << 12 | random.below(2) << 6
    case .fourLevel: random.pick(StructurePages.level4.pages) << 12
    case .fiveLevel: 0
    }
  }

  /// What is in force changes, and nothing must go.
  private func changeControls(_ processor: Processor) {
    let choice = random.below(9)
    if choice == 8, processor.current != 0, processor.context.ept != nil {
      // VMFUNC 0, or VMPTRLD and VMWRITE between an exit and an entry.
      processor.context.ept?.pointer = eptp()
    } else {
      change(&processor.contexts[processor.current], choice)
      if choice == 7 {
        processor.translation.memoryTypes.pat = random.pick([MemoryTypes.resetPAT, 0x0106_0501_0007_0406])
      }
    }
    processor.model.perform(.nothing) { processor.use() }
  }

  private func change(_ context: inout Context, _ choice: UInt64) {
    switch choice {
    case 0: context.writeProtect.toggle()
    case 1: context.executeDisable.toggle()
    case 2: context.preventsAccess.toggle()
    case 3: context.alignmentCheck.toggle()
    case 4: context.keys.user = random.pick([0, 0b01_10_00])
    case 5: context.keys.supervisor = random.pick([0, 0b10_01_00])
    case 6: context.isUser.toggle()
    default: break
    }
  }

  // MARK: Invalidations

  private func invalidate(_ processor: Processor) {
    let model = processor.model
    let translation = processor.translation
    let tag = processor.tag
    let address = address()
    switch random.below(100) {
    case 0..<34: model.perform(.invlpg(address, vpid: tag.vpid, pcid: tag.pcid)) { translation.invalidatePage(address) }
    case 34..<46: invalidateContexts(processor, address)
    case 46..<62: loadRoot(processor)
    case 62..<65: changeMode(processor)
    case 65..<67:
      processor.context.preventsExecution.toggle()
      let isSet = processor.context.preventsExecution && processor.context.mode != .none
      let controls = processor.context.controls
      model.perform(isSet ? .smep(vpid: tag.vpid, pcid: tag.pcid) : .nothing) {
        if isSet { translation.smepSet(controls) } else { processor.use() }
      }
    case 67..<69:
      translation.memoryTypes.ranges.defaultType = random.pick([0x806, 0x804])
      let part = MemoryTypeRanges.Variable(base: 0x2_4000, mask: 0xFF_FFFF_C000 | 1 << 11)
      translation.memoryTypes.ranges.variable = random.percent(50) ? [part] : []
      model.perform(.memoryTypeRanges(vpid: tag.vpid)) { translation.rangesWritten() }
    case 69:
      model.perform(.taskSwitch(vpid: tag.vpid)) { translation.cache.taskSwitch(vpid: tag.vpid) }
    case 70 where random.percent(30):
      let isReset = random.percent(50)
      model.perform(.reset) { if isReset { translation.cache.reset() } else { translation.cache.initialize() } }
    default: invalidateForVMX(processor, address)
    }
  }

  private func invalidateContexts(_ processor: Processor, _ address: UInt64) {
    let vpid = processor.tag.vpid
    let pcid = random.percent(60) ? processor.tag.pcid : UInt16(random.below(3))
    let (event, type): (Event, Translation.PCIDInvalidation) =
      switch random.below(8) {
      case 0..<4: (.invpcidAddress(address, vpid: vpid, pcid: pcid), .address(address, pcid: pcid))
      case 4..<6: (.invpcidContext(vpid: vpid, pcid: pcid), .context(pcid: pcid))
      case 6: (.invpcidAll(vpid: vpid, withGlobal: true), .allWithGlobal)
      default: (.invpcidAll(vpid: vpid, withGlobal: false), .all)
      }
    processor.model.perform(event) { processor.translation.invalidate(type) }
  }

  /// What VMX instructions invalidate; a guest that executes one only has them emulated, so it may be any context.
  private func invalidateForVMX(_ processor: Processor, _ address: UInt64) {
    let vpid = UInt16(1 + random.below(2))
    let ep4ta: UInt64 = random.pick([18, 19, 20]) << 12
    let (event, what): (Event, Translation.VMXInvalidation) =
      switch random.below(30) {
      case 0..<8: (.invvpidAddress(address, vpid: vpid), .address(address, vpid: vpid))
      case 8..<12: (.invvpidContext(vpid: vpid), .vpid(vpid))
      case 12..<14: (.invvpidAll, .everyVPID)
      case 14..<19: (.invvpidRetainingGlobals(vpid: vpid), .vpidButGlobal(vpid))
      case 19..<28: (.inveptContext(ep4ta: ep4ta), .ept(tag: ep4ta))
      default: (.inveptAll, .everyEPT)
      }
    processor.model.perform(event) { processor.translation.invalidate(what) }
  }

  /// MOV to CR3; with PAE paging it reads the PDPTEs first, and may exit instead.
  private func loadRoot(_ processor: Processor) {
    var context = processor.context
    context.root = root(context.mode)
    let hasPCIDs = context.mode.isLong && context.hasPCIDs
    if hasPCIDs { context.pcid = UInt16(random.below(3)) }
    guard loadPointers(&context, processor) else { return }
    let preserves = hasPCIDs && random.percent(50)
    processor.context = context
    let controls = context.controls
    let event = Event.movToCR3(vpid: controls.tag.vpid, pcid: controls.tag.pcid)
    processor.model.perform(preserves ? .nothing : event) {
      processor.translation.rootLoaded(controls, preserves: preserves)
    }
  }

  /// MOV to CR0 or CR4 that changes PG, PE, PGE, PSE or PAE, or clears PCIDE.
  private func changeMode(_ processor: Processor) {
    var context = processor.context
    switch random.below(4) {
    case 0: context.globalPages.toggle()
    case 1 where context.hasPCIDs: context.hasPCIDs = false
    default:
      context.mode = random.pick([.none, .twoLevel, .pae, .fourLevel, .fourLevel, .fiveLevel])
      context.root = root(context.mode)
      context.hasPCIDs = true
      context.pcid = 0
    }
    guard loadPointers(&context, processor) else { return }
    processor.context = context
    processor.model.perform(.pagingMode(vpid: processor.tag.vpid)) {
      processor.translation.modeChanged(context.controls)
    }
  }

  /// Rule C7: the registers are loaded here and nowhere else.
  private func loadPointers(_ context: inout Context, _ processor: Processor) -> Bool {
    guard context.mode == .pae else { return true }
    var place = context.root
    if context.ept != nil {
      guard case .physical(let physical) = processor.model.pointerLoad(place) else { return false }
      place = physical
    }
    guard place + 32 <= memory.size else { return false }
    for index in 0..<4 {
      context.pointers[index] = memory.read(PhysicalAddress(place + UInt64(index) * 8), as: UInt64.self)
      guard context.pointers[index] & ~0x3F_F001 == 0 else { return false }
    }
    return true
  }

  /// What a processor may do by itself (rule C4).
  private func byItself(_ processor: Processor) {
    if random.percent(50) {
      guard let slot = processor.model.slot(random.next()) else { return }
      processor.model.performByItself(drops: slot) { processor.translation.evictByHand(slot) }
    } else {
      let address = address()
      processor.model.performByItself { processor.translation.fillByHand(LinearAddress(address)) }
    }
  }
}
