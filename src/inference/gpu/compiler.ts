import { InferenceError } from '../errors';
import type { Kernel } from './shader-kernels';

/** A compiled kernel. Kernels whose bindings are used alike share their layout, and so their bind groups. */
export interface CompiledKernel<Name extends string> {
  readonly kernel: Kernel<Name>;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const compilers = new WeakMap<GPUDevice, Compiler>();

/** Compiles kernels once each and makes their bind groups. */
export class Compiler {
  readonly #compiled = new Map<string, Promise<CompiledKernel<string>>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  private constructor(readonly device: GPUDevice) {}

  /** The compiler of a device: models that are opened one after another share what it has compiled. */
  static of(device: GPUDevice): Compiler {
    let compiler = compilers.get(device);
    if (!compiler) compilers.set(device, (compiler = new Compiler(device)));
    return compiler;
  }

  /** Rejects with `engine` when the device's compiler refuses the text. */
  compile<Name extends string>(kernel: Kernel<Name>): Promise<CompiledKernel<Name>> {
    let compiled = this.#compiled.get(kernel.key);
    if (!compiled) {
      compiled = this.#build(kernel);
      this.#compiled.set(kernel.key, compiled);
    }
    return compiled as Promise<CompiledKernel<Name>>;
  }

  bind<Name extends string>(
    { kernel, layout }: CompiledKernel<Name>,
    buffers: Readonly<Partial<Record<Name, GPUBuffer>>>,
  ): GPUBindGroup {
    const entries = kernel.bindings.map(([name], binding) => {
      const buffer: GPUBuffer | undefined = buffers[name];
      if (buffer === undefined) throw new RangeError(`${kernel.key} needs the buffer ${name}`);
      return { binding, resource: { buffer } };
    });
    return this.device.createBindGroup({ label: kernel.key, layout, entries });
  }

  async #build(kernel: Kernel): Promise<CompiledKernel<string>> {
    const layout = this.#layoutOf(kernel);
    this.device.pushErrorScope('validation');
    const module = this.device.createShaderModule({ label: kernel.key, code: kernel.code });
    const descriptor: GPUComputePipelineDescriptor = {
      label: kernel.key,
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main' },
    };
    // A software device compiles on the cores that would wait for it.
    const creating = this.device.adapterInfo.isFallbackAdapter
      ? Promise.resolve(this.device.createComputePipeline(descriptor))
      : this.device.createComputePipelineAsync(descriptor);
    creating.catch(() => undefined);
    const error = await this.device.popErrorScope();
    if (error)
      throw new InferenceError('engine', `the kernel '${kernel.key}' does not compile: ${error.message}`);
    try {
      return { kernel, pipeline: await creating, layout };
    } catch (cause) {
      throw new InferenceError('engine', `the kernel '${kernel.key}' cannot be made`, { cause });
    }
  }

  #layoutOf(kernel: Kernel): GPUBindGroupLayout {
    const access = kernel.bindings.map((binding) => binding[1]);
    const key = access.join();
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.device.createBindGroupLayout({
        entries: access.map((each, binding) => ({
          binding,
          // GPUShaderStage.COMPUTE, which Node has not.
          visibility: 4,
          buffer: {
            type: each === 'uniform' ? 'uniform' : each === 'read' ? 'read-only-storage' : 'storage',
          },
        })),
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}
