r"""The same arms with mass, under gravity, moved by torques: models for the simulator MuJoCo.

The plane stands upright: x stays x and y becomes the height. MuJoCo is an optional extra of the
package, needed by `track` alone; the model itself is text.
"""

from types import ModuleType
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import ArrayLike, Float
from scipy.interpolate import CubicSpline

from implicitbias import _check

from .arms import Arm
from .bimanual import TwoArms

_STEP = 2e-3  # of the simulation, in seconds
_THICKNESS = 0.025  # of a link
_TURN = 'type="hinge" axis="0 -1 0"'  # x towards z, as angles count in the plane
_HEAD = """<mujoco model="{name}">
  <compiler angle="radian"/>
  <option timestep="{step}" integrator="implicitfast"><flag contact="disable"/></option>
  <default>
    <joint damping="{damping}" armature="0.01"/>
    <geom density="1000" rgba="{colour}"/>
    <motor ctrllimited="true" ctrlrange="-{limit} {limit}"/>
  </default>
  <visual><global offwidth="1280" offheight="960"/></visual>
  <worldbody>
    <light pos="0 -3 3" dir="0 1 -1"/>
"""


class Tracking(NamedTuple):
    """What a simulated robot did.

    - `hands` "moment k": places of the hands as displacements from home, two coordinates each.
    - `angles` "moment n": of its joints, in radians.
    - `torque`: the largest that was used, as a share of what the motors have.
    """

    hands: Float[np.ndarray, "moment k"]
    angles: Float[np.ndarray, "moment n"]
    torque: float


def robot_xml(
    robot: Arm | TwoArms,
    *,
    limit: float = 100.0,
    damping: float = 0.2,
    colour: str = "0.2 0.5 0.4 1",
) -> str:
    """The robot as a model of MuJoCo, in its XML.

    Links are capsules of 5 cm with the density of water, joints are hinges with a motor each, and a
    site marks each hand. Links do not collide. Joints and motors come in the order of the angles.

    Args:
        robot: one arm, or two on a torso.
        limit: of each motor, in newton metres.
        damping: of each joint, in newton metres for each radian a second.
        colour: red, green, blue and opacity.

    Raises:
        ValueError: a limit that is not positive or a damping that is negative.

    Example:
        >>> import jax; jax.config.update("jax_enable_x64", True)
        >>> import implicitbias as ib
        >>> arm = ib.studies.motion.planar_arm([0.5, 0.5])
        >>> text = ib.studies.motion.robot_xml(arm)
        >>> text.count("<joint name"), text.count("<motor name")
        (2, 2)
    """
    _check.positive("limit", limit)
    _check.not_negative("damping", damping)
    if isinstance(robot, Arm):
        body, joints = _chain(robot, "arm", "")
    else:
        left, left_joints = _chain(robot.left, "left", "  ")
        right, right_joints = _chain(robot.right, "right", "  ")
        leaning = f"<joint name='torso' {_TURN}/>" if robot.leans else ""
        low, high = (np.asarray(arm.base) for arm in (robot.left, robot.right))
        torso = (
            f"    <body name='torso'>{leaning}\n"
            f"      <geom type='capsule' fromto='0 0 0 0 0 {low[1]:.6g}' size='0.05'/>\n"
            f"      <geom type='capsule' fromto='{low[0]:.6g} 0 {low[1]:.6g} "
            f"{high[0]:.6g} 0 {high[1]:.6g}' size='0.04'/>\n"
            f"      <geom type='sphere' pos='0 0 {low[1] + 0.16:.6g}' size='0.09'/>\n"
        )
        body = f"{torso}{left}{right}    </body>\n"
        joints = [*(["torso"] if robot.leans else []), *left_joints, *right_joints]
    head = _HEAD.format(
        name="robot", step=_STEP, damping=damping, limit=f"{limit:g}", colour=colour
    )
    motors = "".join(f"    <motor name='{joint}' joint='{joint}'/>\n" for joint in joints)
    text = f"{head}{body}  </worldbody>\n  <actuator>\n{motors}  </actuator>\n</mujoco>\n"
    return text.replace("'", '"')


def track(
    robot: Arm | TwoArms,
    displacements: Float[ArrayLike, "n moment"],
    *,
    duration: float = 4.0,
    stiffness: float = 400.0,
    limit: float = 100.0,
    damping: float = 0.2,
) -> Tracking:
    r"""A simulated robot follows a joint path by computed torques, from rest at home to rest.

    With the mass matrix M and the bias b of Coriolis, centrifugal and gravity forces, the motors
    get

    .. math:: \tau=M(q)\bigl(\ddot q_d+2\sqrt k\,(\dot q_d-\dot q)+k\,(q_d-q)\bigr)+b(q,\dot q),

    so that without damping, limits and finite steps every joint of every robot would come back to
    its path by the same equation, :math:`\ddot e+2\sqrt k\dot e+ke=0`. Damping is what the
    controller is not told. The path is passed with the timing of minimum jerk.

    Args:
        robot: one arm, or two on a torso.
        displacements: from home, of each joint at moments of equal distance along the path.
        duration: of the motion, in seconds.
        stiffness: k, in 1/s^2.
        limit: of each motor, in newton metres.
        damping: of each joint.

    Raises:
        ImportError: MuJoCo is not installed.
        ValueError: displacements that do not fit the robot, or sizes that are not positive.
    """
    path = np.asarray(_check.finite_array("displacements", displacements, 2))
    home = np.asarray(robot.home)
    if path.shape[0] != len(home) or path.shape[1] < 2:
        raise ValueError(
            f"displacements must have a row for each of {len(home)} joints and two moments at "
            f"least, found shape {path.shape}"
        )
    _check.positive("duration", duration)
    _check.positive("stiffness", stiffness)
    mujoco = _mujoco()
    model = mujoco.MjModel.from_xml_string(robot_xml(robot, limit=limit, damping=damping))
    data = mujoco.MjData(model)
    data.qpos[:] = home
    along = CubicSpline(np.linspace(0, 1, path.shape[1]), home + path.T)
    steps = round(duration / _STEP)
    u = np.arange(steps + 1) / steps
    share = u**3 * (10 - 15 * u + 6 * u**2)
    speed = 30 * u**2 * (1 - u) ** 2 / duration
    gain = 60 * u * (1 - u) * (1 - 2 * u) / duration**2
    tangent, bend = along(share, 1), along(share, 2)
    wanted = along(share), tangent * speed[:, None], _accelerations(tangent, bend, speed, gain)
    angles, torque = np.empty((steps + 1, len(home))), np.empty(len(home))
    largest = 0.0
    for i, (q, velocity, acceleration) in enumerate(zip(*wanted, strict=True)):
        angles[i] = data.qpos
        mujoco.mj_step1(model, data)
        pull = 2 * stiffness**0.5 * (velocity - data.qvel) + stiffness * (q - data.qpos)
        mujoco.mj_mulM(model, data, torque, acceleration + pull)
        data.ctrl[:] = np.clip(torque + data.qfrc_bias, -limit, limit)
        largest = max(largest, float(np.abs(data.ctrl).max()) / limit)
        mujoco.mj_step2(model, data)
    moments = np.linspace(0, 1, path.shape[1])
    found = np.stack([np.interp(moments, share, column) for column in angles.T], axis=1)
    hands = np.asarray(robot.hand(jnp.asarray(found)) - robot.hand(robot.home))
    return Tracking(hands, found, largest)


def _accelerations(
    tangent: np.ndarray, bend: np.ndarray, speed: np.ndarray, gain: np.ndarray
) -> np.ndarray:
    return bend * speed[:, None] ** 2 + tangent * gain[:, None]


def _mujoco() -> ModuleType:
    try:
        import mujoco
    except ImportError as error:
        raise ImportError(
            "simulating a robot needs MuJoCo. Install it with: pip install 'implicitbias[mujoco]', "
            "or pip install mujoco"
        ) from error
    return mujoco


def _chain(arm: Arm, name: str, indent: str) -> tuple[str, list[str]]:
    """An arm as nested bodies, and the names of its joints."""
    base, lengths = np.asarray(arm.base), np.asarray(arm.lengths)
    text, place = "", f"{base[0]:.6g} 0 {base[1]:.6g}"
    for i, length in enumerate(lengths, 1):
        inner = indent + "  " * (i + 1)
        text += (
            f"{inner}<body name='{name}{i}' pos='{place}'>\n"
            f"{inner}  <joint name='{name}{i}' {_TURN}/>\n"
            f"{inner}  <geom type='capsule' fromto='0 0 0 {length:.6g} 0 0' size='{_THICKNESS}'/>\n"
        )
        place = f"{length:.6g} 0 0"
    inner = indent + "  " * (len(lengths) + 2)
    text += f"{inner}<site name='{name} hand' pos='{place}' size='0.03'/>\n"
    for i in range(len(lengths), 0, -1):
        text += f"{indent}{'  ' * (i + 1)}</body>\n"
    return text, [f"{name}{i}" for i in range(1, len(lengths) + 1)]
