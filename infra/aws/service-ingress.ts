import type { Output, Resource } from '@pulumi/pulumi';

/** What the load balancer has for a service: where it is registered, and what a blue/green roll turns. */
export interface ServiceIngress {
  readonly targetGroupArn: Output<string>;
  readonly balancerSuffix: Output<string>;
  readonly blueGreen: {
    readonly alternateTargetGroupArn: Output<string>;
    readonly productionListenerRule: Output<string>;
    readonly roleArn: Output<string>;
  } | null;
  /** A service may register only once its target groups hang on a listener. */
  readonly after: readonly Resource[];
}
