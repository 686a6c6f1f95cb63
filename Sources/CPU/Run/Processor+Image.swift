import Layout
import MMU

extension Processor {
  /// A processor between two of its runs. Blocks and the caches behind the state are none of it: they follow.
  public struct Image {
    let state: ProcessorState
    let vector: VectorState
    let translation: Translation.Image
    let modelSpecific: [UInt64]
    let refusal: Refusal?
    let isTaskCommitted, usesLongStack, isFault, isDelivering, isResuming: Bool
    let pendingDebug, faultDebugBits: UInt64
    let apic: LocalAPIC
    let signals: Signals
    let startUpPage: UInt8
    let blocksNonMaskable, isAttentionWanted, masksA20: Bool
    let virtualization: Any?
  }

  /// The processor now.
  public var image: Image {
    Image(
      state: state.pointee, vector: vectorState.pointee, translation: translation.image, modelSpecific: modelSpecific,
      refusal: refusal, isTaskCommitted: isTaskCommitted, usesLongStack: usesLongStack, isFault: isFault,
      isDelivering: isDelivering, isResuming: isResuming, pendingDebug: pendingDebug, faultDebugBits: faultDebugBits,
      apic: apic, signals: signals, startUpPage: startUpPage, blocksNonMaskable: blocksNonMaskable,
      isAttentionWanted: isAttentionWanted, masksA20: masksA20, virtualization: virtualization?.image)
  }

  /// Becomes what it, or the processor of its number in another machine, was. Memory is to be restored too.
  public func restore(_ image: Image) {
    let (owner, generation, places) = (state.pointee.owner, state.pointee.generation, state.pointee.vmcsPlaces)
    state.pointee = image.state
    // What names blocks or this process's objects stays this processor's own.
    state.pointee.owner = owner
    (state.pointee.vmcsFields, state.pointee.vmcsPlaces) = (nil, places)
    state.pointee.generation = generation
    state.pointee.block = nil
    state.pointee.link = nil
    vectorState.pointee = image.vector
    modelSpecific = image.modelSpecific
    refusal = image.refusal
    isTaskCommitted = image.isTaskCommitted
    usesLongStack = image.usesLongStack
    isFault = image.isFault
    isDelivering = image.isDelivering
    isResuming = image.isResuming
    pendingDebug = image.pendingDebug
    faultDebugBits = image.faultDebugBits
    apic = image.apic
    signals = image.signals
    startUpPage = image.startUpPage
    blocksNonMaskable = image.blocksNonMaskable
    isAttentionWanted = image.isAttentionWanted
    masksA20 = image.masksA20
    isFetchWatched = false
    nearestDeadline = nil
    if let own = image.virtualization { virtualization?.restore(own) }
    translation.restore(image.translation)
    breakpointsChanged()
  }

  private var vectorState: UnsafeMutablePointer<VectorState> {
    (state.raw + VectorStateOffset).assumingMemoryBound(to: VectorState.self)
  }
}
