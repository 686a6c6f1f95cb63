import EPTTLB
import Layout

// Host pointers are filed for accesses that a mapping permits, and taken away when what they were derived from goes.

extension Translation {
  /// Whether accesses by a mapping must be seen: the page is the local APIC's, or the APIC-access page.
  @inline(__always) public func isHidden(_ address: PhysicalAddress, by slot: Slot) -> Bool {
    address.page == hiddenPage || isAPICAccess(address, by: slot)
  }

  /// Whether an access by a mapping is one to the APIC-access page: as it was when the mapping was made (rule C8), while
  /// there is one.
  @inline(__always) public func isAPICAccess(_ address: PhysicalAddress, by slot: Slot) -> Bool {
    guard controls.apicAccessPage != ~0 else { return false }
    return address.page == (slot == Translation.noMapping ? controls.apicAccessPage : cache.apicAccessPage(slot))
  }

  /// The host pointer of an access that the processor makes by itself, or nil: it must be translated. One that was filed
  /// for an explicit access serves no implicit one where EFLAGS.AC lets only the former through SMAP.
  public func filed(_ linear: UInt64, bytes: UInt64, _ access: Access) -> UnsafeMutableRawPointer? {
    let context = access.isUser ? userContext : supervisorContext
    guard context != 0 else { return nil }
    let entry = state.hostPointer(linear)
    let tag = (linear &+ (bytes &- 1)) & ~0xFFF | context
    guard (access.isWrite ? entry.pointee.writeTag : entry.pointee.readTag) == tag else { return nil }
    return UnsafeMutableRawPointer(bitPattern: UInt(linear &+ entry.pointee.addend))
  }

  /// Files a host pointer for such accesses.
  public func file(_ address: LinearAddress, _ physical: PhysicalAddress, _ slot: Slot, of access: Access) {
    let context = access.isUser ? userContext : supervisorContext
    guard context != 0 else { return }
    _ = file(address, physical, slot, isWrite: access.isWrite, context: context, isUser: access.isUser)
  }

  /// Files a host pointer for an access that a mapping permits, unless each access must be seen.
  ///
  /// - Parameters:
  ///   - context: number of the context it is for; that in force if none is given.
  ///   - isUser: whether that is a user's.
  /// - Returns: whether the access will now hit.
  public func file(
    _ address: LinearAddress, _ physical: PhysicalAddress, _ slot: Slot, isWrite: Bool, context: UInt64? = nil,
    isUser: Bool? = nil
  ) -> Bool {
    let access = Access(isWrite: isWrite, isUser: isUser ?? self.isUser)
    guard usesHostPointers, !controls.checksAlignment, !watchedPages.contains(address.value & ~0xFFF),
      !isSeen(address, physical),
      !isHidden(physical, by: slot), !memory.isInWindow(physical),
      slot == Translation.noMapping
        || (mayDerive(slot, address, access) && cache.mayDerive(slot)),
      let host = isWrite
        ? memory.host(PhysicalAddress(physical.page), bytes: 0x1000)
        : memory.hostForReads(PhysicalAddress(physical.page))
    else { return false }
    if isWrite {
      guard memory.isRAM(physical, bytes: 1) else { return false }
      let page = memory.page(of: physical)
      guard page.pointee.mayHaveWriter else { return false }
      page.pointee.hasWriter = true
      memory.touch(page)
    }
    let entry = state.hostPointer(address.value)
    let tag = address.value & ~0xFFF | (context ?? state.pointee.context)
    let addend = UInt64(UInt(bitPattern: host)) &- address.value & ~0xFFF
    if entry.pointee.readTag != tag || entry.pointee.addend != addend { entry.pointee.writeTag = ~0 }
    entry.pointee.readTag = tag
    if isWrite { entry.pointee.writeTag = tag }
    entry.pointee.addend = addend
    entry.pointee.mapping = slot
    let index = Int(truncatingIfNeeded: address.value >> 12) & Int(HostPointerCount - 1)
    if !isFiled[index] {
      isFiled[index] = true
      filedIndices[filedCount] = Int32(truncatingIfNeeded: index)
      filedCount += 1
    }
    return true
  }

  @inline(__always) func forget(_ entry: UnsafeMutablePointer<HostPointer>) {
    entry.pointee.readTag = ~0
    entry.pointee.writeTag = ~0
  }

  /// Every host pointer that may be there.
  @inline(__always) func forEachFiled(_ body: (UnsafeMutablePointer<HostPointer>) -> Void) {
    for number in 0..<filedCount { body(state.hostPointer(UInt64(UInt32(bitPattern: filedIndices[number])) << 12)) }
  }

  /// Has each access to some linear pages go the long way, and no longer those to the pages watched until now.
  public func watch(pages: [UInt64]) {
    watchedPages = pages
    guard !pages.isEmpty else { return }
    purgeHostPointers { pages.contains($0.pointee.readTag & ~0xFFF) || pages.contains($0.pointee.writeTag & ~0xFFF) }
  }

  /// Has each access to some linear pages and physical frames go the long way, for an observer, and no longer those to
  /// the ones seen until now. Results do not depend on it.
  public func see(pages: [UInt64], frames: [UInt64], isEverything: Bool = false) {
    guard pages != seenPages || frames != seenFrames || isEverything != seesEverything else { return }
    (seenPages, seenFrames, seesEverything) = (pages, frames, isEverything)
    purgeHostPointers()
  }

  @inline(__always) private func isSeen(_ address: LinearAddress, _ physical: PhysicalAddress) -> Bool {
    if seenPages.isEmpty, seenFrames.isEmpty { return seesEverything }
    return seesEverything || seenPages.contains(address.value & ~0xFFF) || seenFrames.contains(physical.page)
  }

  /// Forgets every host pointer.
  public func purgeHostPointers() {
    purges &+= 1
    forgetStaleRead()
    for number in 0..<filedCount {
      let index = Int(filedIndices[number])
      forget(state.hostPointer(UInt64(index) << 12))
      isFiled[index] = false
    }
    filedCount = 0
  }

  /// Forgets every host pointer that a condition picks.
  public func purgeHostPointers(where condition: (UnsafeMutablePointer<HostPointer>) -> Bool) {
    purges &+= 1
    forEachFiled { if condition($0) { forget($0) } }
  }

  /// A page got a mark: host pointers may not write it any more.
  func dropWriters(of hostPage: UnsafeMutableRawPointer) {
    let host = UInt64(UInt(bitPattern: hostPage))
    forEachFiled { entry in
      if entry.pointee.writeTag != ~0, (entry.pointee.writeTag & ~0xFFF) &+ entry.pointee.addend == host {
        entry.pointee.writeTag = ~0
      }
    }
  }

  /// A page that was read as zeros changes: what is read from that page of zeros is looked up anew.
  func dropReaders(of zeros: UnsafeMutableRawPointer) {
    let host = UInt64(UInt(bitPattern: zeros))
    purges &+= 1
    forEachFiled { entry in
      if entry.pointee.readTag != ~0, (entry.pointee.readTag & ~0xFFF) &+ entry.pointee.addend == host { forget(entry) }
    }
  }

  /// A snapshot was taken: the next store to each page must be seen.
  func dropAllWriters() {
    forEachFiled { $0.pointee.writeTag = ~0 }
  }
}
