// Pulumi's runner of policy packs compiles what it loads itself, with settings of its own; an import is Node's.
import './policy-pack.ts';
